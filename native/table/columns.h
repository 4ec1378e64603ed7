// Rows as columns: how a table crosses into JavaScript, where lib/addon/columns.ts reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "native/codec/rows.h"

namespace ipvs {

// One list of n rows in one block, each column contiguous: 10 counters of 64 bits, then the list's 32-bit
// words, then addresses of 16 bytes. Names (schedulers, persistence engines) are words that index
// `Columns::names`.
struct Block {
  std::shared_ptr<uint8_t[]> data;  // shared with whoever shows it to JavaScript
  size_t bytes = 0;
  size_t rows = 0;
};

struct Columns {
  Block services;
  Block destinations;
  std::vector<std::string> names;
};

// A look at a block, whose bytes the caller keeps alive.
class ListView {
 public:
  // Without counters where it has identities.
  ListView(const uint8_t* data, size_t rows, unsigned words, unsigned counters = kCounters)
      : data_(data), rows_(rows), words_(words), counters_(counters) {}

  // The bytes of a list of `rows` rows.
  static size_t Bytes(size_t rows, unsigned words, unsigned counters = kCounters);

  size_t rows() const { return rows_; }
  uint64_t Counter(unsigned column, size_t row) const;
  uint32_t Word(unsigned column, size_t row) const;
  // 16 bytes in network order.
  const uint8_t* Address(size_t row) const;

 private:
  const uint8_t* data_;
  size_t rows_;
  unsigned words_;
  unsigned counters_;
};

// Copies rows into blocks.
Columns ToColumns(const std::vector<ServiceRow>& services, const std::vector<DestinationRow>& destinations);

// Copies what identifies services into a block without counters, and their names; rows may come in any order,
// but all of them.
class ServiceIdentities {
 public:
  explicit ServiceIdentities(size_t rows);
  ~ServiceIdentities();
  ServiceIdentities(const ServiceIdentities&) = delete;
  ServiceIdentities& operator=(const ServiceIdentities&) = delete;
  ServiceIdentities(ServiceIdentities&&) = delete;
  ServiceIdentities& operator=(ServiceIdentities&&) = delete;

  void Set(size_t row, const ServiceRow& service);
  // Without destinations.
  Columns Take();

 private:
  class Writer;
  std::unique_ptr<Writer> writer_;
};

}  // namespace ipvs

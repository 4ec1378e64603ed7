// Rows as columns: how a table crosses into JavaScript, where lib/columns.ts reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rows.h"

namespace ipvs {

// One list of n rows in one block, each column contiguous: 10 counters of 64 bits, then the list's 32-bit
// words, then addresses of 16 bytes. Names (schedulers, persistence engines) are words that index
// `Columns::names`.
struct Block {
  std::unique_ptr<uint8_t[]> data;
  size_t bytes = 0;
  size_t rows = 0;
};

struct Columns {
  Block services;
  Block destinations;
  std::vector<std::string> names;
};

// family, protocol, fwmark, port, flags, timeout, netmask, scheduler, engine
inline constexpr unsigned kServiceWords = 9;
// service, family, port, forwarding, weight, upper and lower threshold, active, inactive and persistent
// connections, tunnel type, port and flags
inline constexpr unsigned kDestinationWords = 13;

Columns ToColumns(const std::vector<ServiceRow>& services, const std::vector<DestinationRow>& destinations);

}  // namespace ipvs

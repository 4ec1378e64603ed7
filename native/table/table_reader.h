// Lists that can be trusted. The kernel's dumps have no consistency check (IPVS never sets NLM_F_DUMP_INTR):
// while another program writes, or a 7.x table resizes itself, a dump of several chunks can miss rows or
// repeat them, and one of a service that is deleted meanwhile just ends. So a dump is believed when it fits
// one chunk, or when it has the same keys as the read before it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "native/codec/rows.h"
#include "native/netlink/connection.h"

namespace ipvs {

struct Table {
  std::vector<ServiceRow> services;
  std::vector<DestinationRow> destinations;  // in the order of their services
};

// The identity of a service, or of a destination within its service, as one number.
uint64_t KeyOf(const ServiceRecord& service);
uint64_t KeyOf(const DestinationRecord& destination);

// Not thread-safe, but for `interrupted`.
class TableReader {
 public:
  // When *interrupted becomes true, reading ends with kCancelled.
  TableReader(Connection* connection, const std::atomic<bool>* interrupted)
      : connection_(connection), interrupted_(interrupted) {}

  // Each gives back a Status or an errno; *rows is then of no use.
  int Services(std::vector<ServiceRow>* rows);
  // Appends the destinations of one service, whose key is `key`, newest first as the kernel lists them, and
  // marks them with `index`. ESRCH when there is no such service; the kernel itself answers that with an
  // empty list.
  int Destinations(const ServiceRecord& service, uint64_t key, uint32_t index,
                   std::vector<DestinationRow>* rows);
  // The whole table, in parts of at least `part_rows` rows: services with all their destinations, which so
  // count from 0 in each part. The last one, which may be empty, is left in *rest.
  int Snapshot(size_t part_rows, const std::function<void(const Table&)>& emit, Table* rest);
  // One service; *row, zeroed before, stays so where the answer can't be read.
  int Service(const ServiceRecord& service, ServiceRow* row);

 private:
  // The keys of a list, in any order, as one number; and how many.
  struct Keys {
    uint64_t fingerprint = 0;
    size_t count = 0;
    bool operator==(const Keys& other) const {
      return fingerprint == other.fingerprint && count == other.count;
    }
  };

  Connection* connection_;
  const std::atomic<bool>* interrupted_;
  Keys services_;
  std::unordered_map<uint64_t, Keys> destinations_;  // by the service's key
  size_t last_count_ = 0;                            // of the list of destinations that was read last
};

}  // namespace ipvs

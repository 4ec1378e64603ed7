// Lists that can be trusted: what the kernel's dumps lack while another program writes
// (native/table/reading.h says what that is) is found out or asked for.
//
//   - A list that came in one chunk with room to spare was read at one moment.
//   - One with the same keys as when it was read last is taken for whole: two readings would have to miss the
//     same. What that can overlook is a row that was added since, and only in a read during which rows before
//     it are removed and it stands at a chunk's end; the next read finds it. It makes a list that is polled
//     while nobody writes cost one dump.
//   - Otherwise the list is read again, with chunks that end elsewhere, until one reading bridges every seam
//   of
//     the next. Services that only the earlier of the two has are then asked for one by one. Destinations
//     cannot be (GET_DEST knows only whole lists): those that may have been missed at a seam are listed as
//     they were seen.
//   - Where the kernel cuts chunks always alike, as it finds no memory for larger ones, three readings of the
//     same rows are believed.
//
// So a list holds every row that was there from the call's start to its end, no row that was not there in
// between, and none twice.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "native/codec/rows.h"
#include "native/netlink/connection.h"
#include "native/table/reading.h"

namespace ipvs {

struct Table {
  std::vector<ServiceRow> services;
  std::vector<DestinationRow> destinations;  // in the order of their services
};

// The identity of a service, or of a destination within its service, as one number.
uint64_t KeyOf(const ServiceRecord& service);
uint64_t KeyOf(const DestinationRecord& destination);

// What to do about a table that changes so fast that no reading bridges another.
enum class WhenTorn {
  kFail,  // kUnstable
  kTake,  // what was read: a row may be missing for once
};

// Not thread-safe, but for `interrupted`.
class TableReader {
 public:
  // When *interrupted becomes true, reading ends with kCancelled.
  TableReader(Connection* connection, const std::atomic<bool>* interrupted)
      : connection_(connection), interrupted_(interrupted) {}

  // Each returns a Status or an errno; *rows is of no use then.
  int Services(WhenTorn torn, std::vector<ServiceRow>* rows);
  // Appends the destinations of one service, whose key is `key`, newest first as the kernel lists them, and
  // marks them with `index`. ESRCH when there is no such service; the kernel itself answers that with an
  // empty list.
  int Destinations(WhenTorn torn, const ServiceRecord& service, uint64_t key, uint32_t index,
                   std::vector<DestinationRow>* rows);
  // The whole table, in parts of at least `part_rows` rows: services with all their destinations, which so
  // count from 0 in each part. The last one, which may be empty, is left in *rest.
  int Snapshot(size_t part_rows, const std::function<void(const Table&)>& emit, Table* rest);
  // Reads one service into *row, which the caller zeroed. EBADMSG where the answer is none.
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
  template <typename Row>
  static Keys KeysOf(const std::vector<Row>& rows, size_t start);

  // Reads a list by one dump, behind *rows' first `start` ones. Leaves its shape in shape_.
  template <typename Row, typename Decode>
  int ReadOnce(const CallRecord& call, Operation command, DumpSocket by, size_t start, Decode decode,
               std::vector<Row>* rows);
  // The keys of the rows from `start` on, and where the chunks ended by which they came.
  template <typename Row>
  Reading ReadingOf(const std::vector<Row>& rows, size_t start) const;
  // The socket for reading a list of `bytes` bytes again: its chunks end at other rows than those that came
  // by `by`.
  DumpSocket NextSocket(DumpSocket by, size_t bytes) const;
  // Reads a list, behind *rows' first `start` ones, until it can be trusted. read(socket) reads it once, and
  // mend(earlier, bridged) completes the later one of two readings; kUnstable: by reading it again, rather.
  template <typename Row, typename Read, typename Mend>
  int Settle(WhenTorn torn, DumpSocket by, size_t row_bytes, const Keys& known, Read read, Mend mend,
             size_t start, std::vector<Row>* rows);
  // Appends those of the rows that are still there.
  int AskFor(const std::vector<ServiceRow>& earlier, const std::vector<size_t>& which,
             std::vector<ServiceRow>* rows);

  Connection* connection_;
  const std::atomic<bool>* interrupted_;
  Keys services_;
  std::unordered_map<uint64_t, Keys> destinations_;  // by the service's key
  size_t last_count_ = 0;                            // of the list of destinations that was read last
  DumpShape shape_;                                  // of the last dump
};

}  // namespace ipvs

// Lists that can be trusted: what the kernel's dumps lack while another program writes
// (native/table/reading.h says what that is) is found out or asked for.
//
//   - A list that came in one chunk with room to spare was read at one moment.
//   - One with the same keys as when it was read last is taken for whole: two readings would have to miss the
//     same. What that can overlook is a row that was added since, and only in a read during which rows before
//     it are removed and it stands at a chunk's end; the next read finds it. It makes a list that is polled
//     while nobody writes cost one dump.
//   - Otherwise the list is read again, with chunks that end elsewhere, until one reading bridges every
//     seam of the next. Services that only the earlier of the two has are then asked for one by one.
//     Destinations cannot be (GET_DEST knows only whole lists): those that may have been missed at a seam
//     are listed as they were seen.
//   - Where the kernel cuts chunks always alike, as it finds no memory for larger ones, three readings of the
//     same rows are believed.
//
// So a list holds every row that was there from the call's start to its end, no row that was not there in
// between, and none twice.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "native/codec/rows.h"
#include "native/netlink/connection.h"
#include "native/table/fingerprints.h"
#include "native/table/reading.h"

namespace ipvs {

struct Table {
  std::vector<ServiceRow> services;
  std::vector<DestinationRow> destinations;  // in the order of their services
};

// The destinations of services that stand one after the other in a list of services.
struct Stretch {
  using Time = std::chrono::steady_clock::time_point;
  struct Service {
    size_t index;  // in the list of services
    Time from;     // when its destinations were asked for
    Time to;       // when they had come
  };

  // One look at the clock for each service: the kernel's tick (1 to 10 ms) is exact enough beside the two
  // seconds between refreshes of its counters, and costs nothing where a machine's clock is slow to read.
  static Time Now();

  std::vector<Service> services;             // without those that were removed since the list was read
  std::vector<DestinationRow> destinations;  // DestinationRow.service: the place in `services`

  void Clear() {
    services.clear();
    destinations.clear();
  }
  size_t rows() const { return services.size() + destinations.size(); }
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
  // Readers that share fingerprints read the same table.
  TableReader(Connection* connection, const std::atomic<bool>* interrupted,
              std::shared_ptr<Fingerprints> fingerprints = std::make_shared<Fingerprints>())
      : connection_(connection), interrupted_(interrupted), destinations_(std::move(fingerprints)) {}

  // Each returns a Status or an errno; *rows is of no use then.
  int Services(WhenTorn torn, std::vector<ServiceRow>* rows);
  // Appends the destinations of one service, whose key is `key`, newest first as the kernel lists them, and
  // marks them with `index`. ESRCH when there is no such service; the kernel itself answers that with an
  // empty list.
  int Destinations(WhenTorn torn, const ServiceRecord& service, uint64_t key, uint32_t index,
                   std::vector<DestinationRow>* rows);
  // Appends the destinations of services[first] to services[last - 1].
  int Destinations(WhenTorn torn, const std::vector<ServiceRow>& services, size_t first, size_t last,
                   Stretch* stretch);
  // How many services make a stretch of some 250 rows, by the list of destinations that was read last.
  size_t StretchLength() const;
  // Reads one service into *row, which the caller zeroed. EBADMSG where the answer is none.
  int Service(const ServiceRecord& service, ServiceRow* row);

 private:
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
  std::shared_ptr<Fingerprints> destinations_;
  size_t last_count_ = 0;  // of the list of destinations that was read last
  DumpShape shape_;        // of the last dump
};

}  // namespace ipvs

#include "native/table/table_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <functional>
#include <utility>

#include "native/codec/decode.h"

namespace ipvs {

namespace {

// How often a list is read before it is given up as changing too fast. Two readings are enough unless the
// table of a 7.x kernel is resized, or a good part of the list comes and goes while it is read.
constexpr int kReadings = 10;
// How often, where a list with a gap is better than none: those who poll have a pace to keep.
constexpr int kReadingsWhenTaken = 3;
// Readings of the same rows that are believed where none bridges another.
constexpr int kAlike = 3;
// Rows are asked for one by one as long as that is cheaper than another reading: a question costs about as
// much as eight rows of a dump.
constexpr size_t kRowsPerQuestion = 8;
constexpr size_t kQuestions = 32;  // always
constexpr size_t kServiceBytes = 340;
constexpr size_t kDestinationBytes = 364;
// An unknown number of services: the largest chunks, because there is one such dump for many of destinations.
constexpr size_t kUnknownServiceBytes = 1 << 15;

// The rows of a stretch, and the most services: few enough that a reader which is done waits for no other
// long.
constexpr size_t kStretchRows = 250;
constexpr size_t kStretchServices = 32;

// splitmix64's finalizer: spreads each input bit over all output bits.
uint64_t Mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

uint64_t HashKey(const uint8_t (&address)[kAddressBytes], uint64_t first, uint64_t second) {
  uint64_t high = 0;
  uint64_t low = 0;
  std::memcpy(&high, address, sizeof high);
  std::memcpy(&low, address + sizeof high, sizeof low);
  // Odd numbers at random: each word moves the sum in a way of its own.
  return Mix(high * 0x9e3779b97f4a7c15ULL + low * 0xd1b54a32d192ed03ULL + first * 0xabc98388fb8fac03ULL +
             second * 0x8cb92ba72f3d8dd7ULL + 0x632be59bd9b4e019ULL);
}

// Of a row that came more than once the last one stays, in the place of the first.
template <typename Row>
void RemoveDuplicates(std::vector<Row>* rows, size_t start) {
  std::unordered_map<uint64_t, size_t> places;
  places.reserve(rows->size() - start);
  size_t kept = start;
  for (size_t i = start; i < rows->size(); ++i) {
    const auto [place, first] = places.emplace((*rows)[i].key, kept);
    (*rows)[place->second] = (*rows)[i];
    if (first) ++kept;
  }
  rows->resize(kept);
}

// Puts rows of an earlier reading where they stood in a later one, which starts at `start`.
template <typename Row>
void Insert(const std::vector<Row>& earlier, const std::vector<Doubt>& doubts, size_t start,
            std::vector<Row>* rows) {
  if (doubts.empty()) return;
  std::vector<Row> later(rows->begin() + static_cast<ptrdiff_t>(start), rows->end());
  rows->resize(start);
  auto doubt = doubts.begin();
  for (size_t i = 0; i <= later.size(); ++i) {
    for (; doubt != doubts.end() && doubt->before == i; ++doubt) rows->push_back(earlier[doubt->row]);
    if (i < later.size()) rows->push_back(later[i]);
  }
}

}  // namespace

Stretch::Time Stretch::Now() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return Time(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

uint64_t KeyOf(const ServiceRecord& service) {
  return HashKey(service.address, uint64_t{service.family} << 32 | service.fwmark,
                 uint64_t{service.protocol} << 32 | service.port);
}

uint64_t KeyOf(const DestinationRecord& destination) {
  return HashKey(destination.address, destination.family, destination.port);
}

template <typename Row>
Keys TableReader::KeysOf(const std::vector<Row>& rows, size_t start) {
  Keys keys;
  for (size_t i = start; i < rows.size(); ++i) keys.fingerprint += rows[i].key;
  keys.count = rows.size() - start;
  return keys;
}

template <typename Row, typename Decode>
int TableReader::ReadOnce(const CallRecord& call, Operation command, DumpSocket by, size_t start,
                          Decode decode, std::vector<Row>* rows) {
  const auto restart = [&] { rows->resize(start); };
  const auto take = [&](const nlmsghdr* message) {
    if (decode(message, &rows->emplace_back())) return true;
    rows->pop_back();
    return false;
  };
  return connection_->Dump(call, command, by, interrupted_, restart, std::ref(take), &shape_);
}

template <typename Row>
Reading TableReader::ReadingOf(const std::vector<Row>& rows, size_t start) const {
  Reading reading;
  reading.keys.reserve(rows.size() - start);
  for (size_t i = start; i < rows.size(); ++i) reading.keys.push_back(rows[i].key);
  reading.ends = shape_.ends;
  reading.ended = !shape_.full;
  return reading;
}

DumpSocket TableReader::NextSocket(DumpSocket by, size_t bytes) const {
  const size_t chunk = Connection::FittingChunk(bytes + Connection::kLongestRow);
  // By a new socket the first chunk is a page, and so every chunk's end about ten rows from where it was.
  return {chunk, chunk == by.chunk && !shape_.fresh};
}

int TableReader::AskFor(const std::vector<ServiceRow>& earlier, const std::vector<size_t>& which,
                        std::vector<ServiceRow>* rows) {
  for (const size_t row : which) {
    if (*interrupted_) return kCancelled;
    ServiceRow found = {};
    const int status = Service(earlier[row].config, &found);
    if (status == kOk) rows->push_back(found);
    if (status != kOk && status != ESRCH) return status;
  }
  return kOk;
}

template <typename Row, typename Read, typename Mend>
int TableReader::Settle(WhenTorn torn, DumpSocket by, size_t row_bytes, const Keys& known, Read read,
                        Mend mend, size_t start, std::vector<Row>* rows) {
  const int readings = torn == WhenTorn::kTake ? kReadingsWhenTaken : kReadings;
  std::vector<Row> earlier;
  Reading before;
  int alike = 1;
  for (int number = 1; number <= readings; ++number) {
    if (const int status = read(by); status != kOk) return status;
    if (number == 1 && known.count > 0 && KeysOf(*rows, start) == known) return kOk;
    if (shape_.ends.size() <= 1 && !shape_.full) return kOk;
    by = NextSocket(by, (rows->size() - start) * row_bytes);
    Reading now = ReadingOf(*rows, start);
    if (number > 1) {
      const bool last = number == readings && torn == WhenTorn::kTake;
      alike = now.keys == before.keys ? alike + 1 : 1;
      const Bridged bridged = Bridge(before, now);
      if (bridged.seams || alike == kAlike || last) {
        const int status = mend(earlier, bridged);
        if (status == kOk || (status == kUnstable && last)) {
          RemoveDuplicates(rows, start);
          return kOk;
        }
        if (status != kUnstable) return status;
      }
    }
    before = std::move(now);
    earlier.assign(rows->begin() + static_cast<ptrdiff_t>(start), rows->end());
  }
  return kUnstable;
}

int TableReader::Services(WhenTorn torn, std::vector<ServiceRow>* rows) {
  const auto decode = [](const nlmsghdr* message, ServiceRow* row) {
    if (!DecodeService(message, row)) return false;
    row->key = KeyOf(row->config);
    return true;
  };
  const auto read = [&](DumpSocket by) { return ReadOnce(CallRecord{}, kGetService, by, 0, decode, rows); };
  const auto mend = [&](const std::vector<ServiceRow>& earlier, const Bridged& bridged) {
    if (bridged.absent.size() > std::max(kQuestions, rows->size() / kRowsPerQuestion)) return int{kUnstable};
    return AskFor(earlier, bridged.absent, rows);
  };
  const size_t expected = services_.count > 0 ? services_.count * kServiceBytes : kUnknownServiceBytes;
  const int status =
      Settle(torn, {Connection::FittingChunk(expected)}, kServiceBytes, services_, read, mend, 0, rows);
  if (status == kOk) {
    services_ = KeysOf(*rows, 0);
    destinations_->Trim(services_.count);
  }
  return status;
}

int TableReader::Destinations(WhenTorn torn, const ServiceRecord& service, uint64_t key, uint32_t index,
                              std::vector<DestinationRow>* rows) {
  CallRecord call = {};
  call.service = service;
  const size_t start = rows->size();
  const auto decode = [&](const nlmsghdr* message, DestinationRow* row) {
    if (!DecodeDestination(message, row)) return false;
    row->service = index;
    if (row->config.family == 0) row->config.family = service.family;  // kernels before 3.18
    row->key = KeyOf(row->config);
    return true;
  };
  const auto read = [&](DumpSocket by) { return ReadOnce(call, kGetDest, by, start, decode, rows); };
  const auto mend = [&](const std::vector<DestinationRow>& earlier, const Bridged& bridged) {
    Insert(earlier, bridged.doubts, start, rows);
    return int{kOk};
  };

  const Keys known = destinations_->Find(key);
  // An unknown list is taken for one like that before it, with room to show that it ends there.
  const size_t expected = known.count > 0 ? known.count * kDestinationBytes
                                          : last_count_ * kDestinationBytes + Connection::kLongestRow;
  int status =
      Settle(torn, {Connection::FittingChunk(expected)}, kDestinationBytes, known, read, mend, start, rows);
  if (status != kOk) return status;
  const Keys found = KeysOf(*rows, start);
  last_count_ = found.count;
  // An empty list may be that of no service; and one that may go on was perhaps cut off by its service's
  // removal.
  if (found.count == 0 || (shape_.full && !(found == known))) {
    ServiceRow ignored = {};
    status = Service(service, &ignored);
  }
  if (status == ESRCH) destinations_->Forget(key);
  if (status == kOk && !(found == known)) destinations_->Note(key, found);
  return status;
}

size_t TableReader::StretchLength() const {
  return std::clamp<size_t>(kStretchRows / (last_count_ + 1), 1, kStretchServices);
}

int TableReader::Destinations(WhenTorn torn, const std::vector<ServiceRow>& services, size_t first,
                              size_t last, Stretch* stretch) {
  Stretch::Time now = Stretch::Now();
  for (size_t i = first; i < last; ++i) {
    const size_t before = stretch->destinations.size();
    const Stretch::Time from = now;
    const int status = Destinations(torn, services[i].config, services[i].key,
                                    static_cast<uint32_t>(stretch->services.size()), &stretch->destinations);
    now = Stretch::Now();
    if (status == ESRCH) {  // removed since the services were read
      stretch->destinations.resize(before);
      continue;
    }
    if (status != kOk) return status;
    stretch->services.push_back({i, from, now});
  }
  return kOk;
}

int TableReader::Service(const ServiceRecord& service, ServiceRow* row) {
  CallRecord call = {};
  call.service = service;
  return connection_->Ask(call, kGetService, [&](const nlmsghdr* message) {
    if (!DecodeService(message, row)) return false;
    row->key = KeyOf(row->config);
    return true;
  });
}

}  // namespace ipvs

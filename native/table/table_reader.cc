#include "native/table/table_reader.h"

#include <cerrno>
#include <cstring>
#include <functional>
#include <unordered_set>

#include "native/codec/decode.h"

namespace ipvs {

namespace {

// How often a list is read before it is given up as changing too fast. Two reads are enough unless somebody
// writes at that moment.
constexpr int kAttempts = 10;
// So many lists are remembered besides those of services that are known to be there: some 3 MB.
constexpr size_t kForgotten = 1 << 16;
constexpr size_t kServiceBytes = 340;
constexpr size_t kDestinationBytes = 364;
// An unknown number of services: the largest chunks, because there is one such dump for many of destinations.
constexpr size_t kUnknownServiceBytes = 1 << 15;

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

template <typename Row>
void RemoveDuplicates(std::vector<Row>* rows, size_t start) {
  std::unordered_set<uint64_t> seen;
  size_t kept = start;
  for (size_t i = start; i < rows->size(); ++i) {
    if (seen.insert((*rows)[i].key).second) (*rows)[kept++] = (*rows)[i];
  }
  rows->resize(kept);
}

}  // namespace

uint64_t KeyOf(const ServiceRecord& service) {
  return HashKey(service.address, uint64_t{service.family} << 32 | service.fwmark,
                 uint64_t{service.protocol} << 32 | service.port);
}

uint64_t KeyOf(const DestinationRecord& destination) {
  return HashKey(destination.address, destination.family, destination.port);
}

int TableReader::Services(std::vector<ServiceRow>* rows) {
  const auto keys = [&] {
    Keys found;
    for (const ServiceRow& row : *rows) found.fingerprint += row.key;
    found.count = rows->size();
    return found;
  };
  const auto take = [&](const nlmsghdr* message) {
    ServiceRow& row = rows->emplace_back();
    if (!DecodeService(message, &row)) return rows->pop_back();
    row.key = KeyOf(row.config);
  };
  Keys before = services_;
  size_t chunk =
      Connection::FittingChunk(before.count > 0 ? before.count * kServiceBytes : kUnknownServiceBytes);
  for (int attempt = 0; attempt < kAttempts; ++attempt, chunk = Connection::OtherChunk(chunk)) {
    if (*interrupted_) return kCancelled;
    rows->clear();
    DumpShape shape;
    const int status = connection_->Dump(CallRecord{}, kGetService, chunk, std::ref(take), &shape);
    if (status == EMSGSIZE) continue;  // the other size class is longer, or its socket has grown
    if (status != kOk) return status;
    Keys found = keys();
    const bool whole = shape.chunks <= 1 && !shape.full;
    if (!whole && !(found == before)) {
      RemoveDuplicates(rows, 0);
      found = keys();
    }
    if (whole || found == before) {
      services_ = found;
      return kOk;
    }
    before = found;
  }
  return kUnstable;
}

int TableReader::Destinations(const ServiceRecord& service, uint64_t key, uint32_t index,
                              std::vector<DestinationRow>* rows) {
  CallRecord call = {};
  call.service = service;
  const size_t start = rows->size();
  const auto keys = [&] {
    Keys found;
    for (size_t i = start; i < rows->size(); ++i) found.fingerprint += (*rows)[i].key;
    found.count = rows->size() - start;
    return found;
  };
  const auto take = [&](const nlmsghdr* message) {
    DestinationRow& row = rows->emplace_back();
    if (!DecodeDestination(message, &row)) return rows->pop_back();
    row.service = index;
    if (row.config.family == 0) row.config.family = service.family;  // kernels before 3.18
    row.key = KeyOf(row.config);
  };

  // What is known of services that are gone is let go when it outweighs what is there.
  if (destinations_.size() > 2 * services_.count + kForgotten) destinations_.clear();
  Keys& known = destinations_[key];
  Keys before = known;
  // An unknown list is taken for one like that before it: in one chunk it need not be read twice.
  const size_t expected = before.count > 0 ? before.count : last_count_;
  size_t chunk = Connection::FittingChunk(expected * kDestinationBytes);
  for (int attempt = 0; attempt < kAttempts; ++attempt, chunk = Connection::OtherChunk(chunk)) {
    if (*interrupted_) return kCancelled;
    rows->resize(start);
    DumpShape shape;
    int status = connection_->Dump(call, kGetDest, chunk, std::ref(take), &shape);
    if (status == EMSGSIZE) continue;
    if (status != kOk) return status;
    Keys found = keys();
    last_count_ = found.count;
    if (found == before && found.count > 0) {
      known = found;
      return kOk;
    }
    if (shape.chunks <= 1) {
      // An empty list may be that of no service; one that ended at a chunk's end may have been cut off by the
      // service's removal.
      ServiceRow ignored = {};
      if (found.count == 0 || shape.full) status = Service(service, &ignored);
      if (status == ESRCH) destinations_.erase(key);
      if (status == kOk) known = found;
      return status;
    }
    RemoveDuplicates(rows, start);
    found = keys();
    if (found == before) {
      known = found;
      return kOk;
    }
    before = found;
  }
  return kUnstable;
}

int TableReader::Snapshot(size_t part_rows, const std::function<void(const Table&)>& emit, Table* rest) {
  std::vector<ServiceRow> services;
  if (const int status = Services(&services); status != kOk) return status;
  for (const ServiceRow& service : services) {
    const size_t before = rest->destinations.size();
    const auto index = static_cast<uint32_t>(rest->services.size());
    const int status = Destinations(service.config, service.key, index, &rest->destinations);
    if (status == ESRCH) {  // removed since the services were read
      rest->destinations.resize(before);
      continue;
    }
    if (status != kOk) return status;
    rest->services.push_back(service);
    if (rest->services.size() + rest->destinations.size() < part_rows) continue;
    emit(*rest);
    rest->services.clear();
    rest->destinations.clear();
  }
  return kOk;
}

int TableReader::Service(const ServiceRecord& service, ServiceRow* row) {
  CallRecord call = {};
  call.service = service;
  return connection_->Ask(call, kGetService, [&](const nlmsghdr* message) {
    if (DecodeService(message, row)) row->key = KeyOf(row->config);
  });
}

}  // namespace ipvs

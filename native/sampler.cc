#include "sampler.h"

#include <time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace ipvs {

namespace {

// One look at the clock for each service: the kernel's tick (1 to 10 ms) is exact enough beside 2 seconds,
// and costs nothing where a machine's clock is slow to read.
SampleRows::Time Now() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return SampleRows::Time(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

// Writes the columns of a block one after the other.
class SampleBlock {
 public:
  SampleBlock(size_t rows, size_t wide_columns, size_t words) {
    block_.rows = rows;
    block_.bytes = rows * (wide_columns * sizeof(uint64_t) + words * sizeof(uint32_t));
    block_.data.reset(new uint8_t[block_.bytes]);
    at_ = block_.data.get();
  }

  template <typename Number>
  void Wide(const SampleRows::Columns<Number>& columns) {
    static_assert(sizeof(Number) == sizeof(uint64_t));
    for (const std::vector<Number>& column : columns) {
      const size_t bytes = column.size() * sizeof(Number);
      if (bytes > 0) std::memcpy(at_, column.data(), bytes);
      at_ += bytes;
    }
  }

  void Wide(const SampleRows& rows, uint32_t parts) {
    if ((parts & kSampleCounters) != 0) Wide(rows.counters());
    if ((parts & kSampleDeltas) != 0) Wide(rows.deltas());
    if ((parts & kSampleRates) != 0) Wide(rows.rates());
  }

  // Cell c of row i is the word that cells(i)[c] says.
  template <size_t N, typename Cells>
  void Words(Cells cells) {
    for (size_t row = 0; row < block_.rows; ++row) {
      const std::array<uint32_t, N> values = cells(row);
      for (size_t c = 0; c < N; ++c) {
        std::memcpy(at_ + (c * block_.rows + row) * sizeof(uint32_t), &values[c], sizeof(uint32_t));
      }
    }
    at_ += N * block_.rows * sizeof(uint32_t);
  }

  Block Take() { return std::move(block_); }

 private:
  Block block_;
  uint8_t* at_;
};

size_t WideCount(uint32_t parts) {
  size_t count = 0;
  for (const uint32_t part : {kSampleCounters, kSampleDeltas, kSampleRates}) {
    if ((parts & part) != 0) count += kSampleCounterColumns;
  }
  return count;
}

}  // namespace

int Sampler::ReadTable(TableReader* reader, bool destinations) {
  table_.services.clear();
  table_.destinations.clear();
  times_.clear();
  services_time_ = Now();
  std::vector<ServiceRow> services;
  if (chosen_.empty()) {
    if (const int status = reader->Services(&services); status != kOk) return status;
  }
  for (const ServiceRecord& chosen : chosen_) {
    ServiceRow row;
    const int status = reader->Service(chosen, &row);
    if (status == ESRCH) continue;
    if (status != kOk) return status;
    services.push_back(row);
  }
  if (!destinations) {
    table_.services = std::move(services);
    return kOk;
  }
  for (const ServiceRow& service : services) {
    const size_t before = table_.destinations.size();
    times_.push_back(Now());
    const int status = reader->Destinations(service.config, static_cast<uint32_t>(table_.services.size()),
                                            &table_.destinations);
    if (status == ESRCH) {
      table_.destinations.resize(before);
      times_.pop_back();
      continue;
    }
    if (status != kOk) return status;
    table_.services.push_back(service);
  }
  return kOk;
}

int Sampler::Read(TableReader* reader, uint32_t parts, Sample* sample) {
  if (const int status = ReadTable(reader, (parts & kSampleDestinations) != 0); status != kOk) return status;
  std::vector<uint64_t> keys;
  keys.reserve(table_.services.size());
  for (const ServiceRow& row : table_.services) keys.push_back(row.key);
  std::vector<uint64_t> destination_keys;
  destination_keys.reserve(table_.destinations.size());
  for (const DestinationRow& row : table_.destinations) {
    destination_keys.push_back(row.key ^ (keys[row.service] * 0x9e3779b97f4a7c15ULL));
  }
  const bool others = services_.Follow(keys);
  const bool fresh = destinations_.Follow(destination_keys) || others || generation_ == 0;
  if (fresh) ++generation_;

  std::vector<uint32_t> row_of(services_.size());
  for (size_t i = 0; i < row_of.size(); ++i) {
    row_of[services_.listed(i)] = static_cast<uint32_t>(i);
    services_.Read(i, table_.services[services_.listed(i)].counters, services_time_);
  }
  for (size_t i = 0; i < destinations_.size(); ++i) {
    const DestinationRow& row = table_.destinations[destinations_.listed(i)];
    destinations_.Read(i, row.counters, times_[row.service]);
  }

  const size_t wide = WideCount(parts);
  SampleBlock services(services_.size(), wide, 0);
  services.Wide(services_, parts);
  sample->services = services.Take();
  constexpr size_t kWords = 5;
  SampleBlock destinations(destinations_.size(), wide, kWords);
  destinations.Wide(destinations_, parts);
  destinations.Words<kWords>([&](size_t i) -> std::array<uint32_t, kWords> {
    const DestinationRow& row = table_.destinations[destinations_.listed(i)];
    return {row_of[row.service], row.active_connections, row.inactive_connections, row.persistent_connections,
            row.config.weight};
  });
  sample->destinations = destinations.Take();
  sample->generation = generation_;
  if (fresh || (parts & kSampleKeys) != 0) sample->keys = Keys(row_of);
  return kOk;
}

std::unique_ptr<Columns> Sampler::Keys(const std::vector<uint32_t>& row_of) const {
  std::vector<ServiceRow> services;
  for (size_t i = 0; i < services_.size(); ++i) services.push_back(table_.services[services_.listed(i)]);
  std::vector<DestinationRow> destinations;
  for (size_t i = 0; i < destinations_.size(); ++i) {
    destinations.push_back(table_.destinations[destinations_.listed(i)]);
    destinations.back().service = row_of[destinations.back().service];
  }
  return std::make_unique<Columns>(ToColumns(services, destinations));
}

}  // namespace ipvs

// Statistics over time: the table as columns whose rows keep their numbers, with what changed since the read
// before and how fast.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "columns.h"
#include "table_reader.h"

namespace ipvs {

// What of a sample is wanted (CallRecord.fields of kSample, above the sampler's number).
enum SampleParts : uint32_t {
  kSampleCounters = 1U << 0,
  kSampleDeltas = 1U << 1,
  kSampleRates = 1U << 2,
  kSampleDestinations = 1U << 3,
  kSampleKeys = 1U << 4,  // the caller does not know the rows' identities yet
};

// The counters of a row: all but the kernel's own five rates.
inline constexpr unsigned kSampleCounterColumns = 5;

// One read. Blocks have, in this order and if wanted: 5 counters (64 bits), 5 deltas and 5 rates (doubles),
// then for destinations the 32-bit words service row, active, inactive and persistent connections, weight.
struct Sample {
  Block services;
  Block destinations;
  uint32_t generation = 0;        // another one: rows have other numbers, or are others
  std::unique_ptr<Columns> keys;  // the rows' identities, with a new generation or when asked for
};

// Follows one row's counters. The kernel refreshes them every 2 seconds, each row at a time of its own (its
// estimator), by all that came in those 2 seconds. So between two reads less than 2 seconds apart there is
// one refresh at most: if the counters moved, the rate is what came divided by 2 seconds, whatever the time
// between the reads; it holds until the next refresh is due, and is 0 if that brought nothing. Reads further
// apart see a number of refreshes that differs by one from one time to the next; their rates are smoothed
// over 8 seconds.
class RowRates {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Takes the counters of a read at `now`. After it, delta() is what came since the read before, and rate()
  // is per second, NaN until known.
  void Read(const uint64_t (&counters)[kCounters], Time now);
  double delta(unsigned column) const { return delta_[column]; }
  double rate(unsigned column) const { return rate_[column]; }

 private:
  bool known_ = false;
  Time read_;     // the last one
  Time refresh_;  // the latest time at which the last refresh seen can have been
  uint64_t counters_[kSampleCounterColumns] = {};
  double delta_[kSampleCounterColumns] = {};
  double rate_[kSampleCounterColumns] = {};
};

// Not thread-safe.
class Sampler {
 public:
  // Restricts the sampler to this service, and those named before. One that does not exist has no row.
  void Choose(const ServiceRecord& service) { chosen_.push_back(service); }

  // A Status or an errno. `parts` are SampleParts.
  int Read(TableReader* reader, uint32_t parts, Sample* sample);

 private:
  using Time = RowRates::Time;

  int ReadTable(TableReader* reader, bool destinations);
  void Arrange();

  std::vector<ServiceRecord> chosen_;
  Table table_;
  std::vector<Time> times_;  // when each service's destinations were read
  Time services_time_;

  // The rows as the caller knows them: row i of the caller's is table row order_[i].
  std::vector<uint64_t> service_keys_;
  std::vector<uint64_t> destination_keys_;
  std::vector<size_t> service_order_;
  std::vector<size_t> destination_order_;
  std::vector<RowRates> service_rates_;
  std::vector<RowRates> destination_rates_;
  uint32_t generation_ = 0;
};

}  // namespace ipvs

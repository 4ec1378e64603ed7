#include "sampler.h"

#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>

namespace ipvs {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRefresh(2000);
// How late a refresh may be: the estimator's thread, or its timer, competes with others.
constexpr milliseconds kLate(300);
constexpr milliseconds kSmoothing(8000);

// One look at the clock for each service: the kernel's tick (1 to 10 ms) is exact enough beside 2 seconds,
// and costs nothing where a machine's clock is slow to read.
RowRates::Time Now() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return RowRates::Time(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// Puts `keys` into the order the caller knows: rows that were there keep their places, as far as no row
// before them went. Fills order (which row of the table each is) and moves the rates along. False when the
// rows are the same as before.
bool Follow(const std::vector<uint64_t>& keys, std::vector<uint64_t>* known, std::vector<size_t>* order,
            std::vector<RowRates>* rates) {
  if (keys == *known) {
    order->resize(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) (*order)[i] = i;
    return false;
  }
  std::unordered_map<uint64_t, size_t> places;
  places.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) places.emplace(keys[i], i);
  std::vector<uint64_t> now_known;
  std::vector<RowRates> now_rates;
  order->clear();
  for (size_t i = 0; i < known->size(); ++i) {
    const auto place = places.find((*known)[i]);
    if (place == places.end()) continue;
    now_known.push_back((*known)[i]);
    now_rates.push_back((*rates)[i]);
    order->push_back(place->second);
    places.erase(place);
  }
  const bool same = now_known.size() == known->size() && places.empty();
  for (size_t i = 0; i < keys.size(); ++i) {
    if (places.erase(keys[i]) == 0) continue;
    now_known.push_back(keys[i]);
    now_rates.emplace_back();
    order->push_back(i);
  }
  *known = std::move(now_known);
  *rates = std::move(now_rates);
  return !same;
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

  template <typename T, typename Value>
  void Column(Value value) {
    for (size_t row = 0; row < block_.rows; ++row) {
      const T cell = value(row);
      std::memcpy(at_, &cell, sizeof cell);
      at_ += sizeof cell;
    }
  }

  Block Take() { return std::move(block_); }

 private:
  Block block_;
  uint8_t* at_;
};

template <typename Row>
void WideColumns(const std::vector<Row>& table, const std::vector<size_t>& order,
                 const std::vector<RowRates>& rates, uint32_t parts, SampleBlock* block) {
  for (unsigned c = 0; c < kSampleCounterColumns && (parts & kSampleCounters) != 0; ++c) {
    block->Column<uint64_t>([&](size_t row) { return table[order[row]].counters[c]; });
  }
  for (unsigned c = 0; c < kSampleCounterColumns && (parts & kSampleDeltas) != 0; ++c) {
    block->Column<double>([&](size_t row) { return rates[row].delta(c); });
  }
  for (unsigned c = 0; c < kSampleCounterColumns && (parts & kSampleRates) != 0; ++c) {
    block->Column<double>([&](size_t row) { return rates[row].rate(c); });
  }
}

size_t WideCount(uint32_t parts) {
  size_t count = 0;
  for (const uint32_t part : {kSampleCounters, kSampleDeltas, kSampleRates}) {
    if ((parts & part) != 0) count += kSampleCounterColumns;
  }
  return count;
}

}  // namespace

void RowRates::Read(const uint64_t (&counters)[kCounters], Time now) {
  if (!known_) {
    known_ = true;
    refresh_ = now;
    std::fill(std::begin(rate_), std::end(rate_), std::numeric_limits<double>::quiet_NaN());
  } else if (std::memcmp(counters, counters_, sizeof counters_) == 0) {
    // Most rows of most reads: no arithmetic for them.
    std::fill(std::begin(delta_), std::end(delta_), 0);
    if (now > refresh_ + kRefresh + kLate) std::fill(std::begin(rate_), std::end(rate_), 0);
  } else {
    const auto since = now - read_;
    const double smoothing = std::min(1.0, Seconds(since) / Seconds(kSmoothing));
    for (unsigned c = 0; c < kSampleCounterColumns; ++c) {
      // A counter that fell was zeroed, or belongs to a service that was made anew: what it shows came since.
      const bool reset = counters[c] < counters_[c];
      delta_[c] = static_cast<double>(reset ? counters[c] : counters[c] - counters_[c]);
      if (since < kRefresh) {
        rate_[c] = delta_[c] / Seconds(kRefresh);
      } else {
        const double rate = delta_[c] / Seconds(since);
        rate_[c] = std::isnan(rate_[c]) || rate == 0 || rate_[c] == 0
                       ? rate
                       : rate_[c] + (rate - rate_[c]) * smoothing;
      }
    }
    refresh_ = now;
  }
  read_ = now;
  std::copy(counters, counters + kSampleCounterColumns, counters_);
}

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

void Sampler::Arrange() {
  std::vector<uint64_t> keys;
  keys.reserve(table_.destinations.size());
  for (const ServiceRow& row : table_.services) keys.push_back(KeyOf(row.config));
  std::vector<uint64_t> destination_keys;
  destination_keys.reserve(table_.destinations.size());
  for (const DestinationRow& row : table_.destinations) {
    destination_keys.push_back(KeyOf(row.config) ^ (keys[row.service] * 0x9e3779b97f4a7c15ULL));
  }
  const bool services = Follow(keys, &service_keys_, &service_order_, &service_rates_);
  const bool destinations =
      Follow(destination_keys, &destination_keys_, &destination_order_, &destination_rates_);
  if (services || destinations || generation_ == 0) ++generation_;
  service_rates_.resize(service_order_.size());
  destination_rates_.resize(destination_order_.size());
}

int Sampler::Read(TableReader* reader, uint32_t parts, Sample* sample) {
  if (const int status = ReadTable(reader, (parts & kSampleDestinations) != 0); status != kOk) return status;
  const uint32_t before = generation_;
  Arrange();
  std::vector<uint32_t> row_of(table_.services.size());
  for (size_t i = 0; i < service_order_.size(); ++i) row_of[service_order_[i]] = static_cast<uint32_t>(i);
  for (size_t i = 0; i < service_order_.size(); ++i) {
    service_rates_[i].Read(table_.services[service_order_[i]].counters, services_time_);
  }
  for (size_t i = 0; i < destination_order_.size(); ++i) {
    const DestinationRow& row = table_.destinations[destination_order_[i]];
    destination_rates_[i].Read(row.counters, times_[row.service]);
  }

  const size_t wide = WideCount(parts);
  SampleBlock services(service_order_.size(), wide, 0);
  WideColumns(table_.services, service_order_, service_rates_, parts, &services);
  sample->services = services.Take();
  SampleBlock destinations(destination_order_.size(), wide, 5);
  WideColumns(table_.destinations, destination_order_, destination_rates_, parts, &destinations);
  const auto word = [&](auto field) {
    destinations.Column<uint32_t>(
        [&](size_t row) -> uint32_t { return field(table_.destinations[destination_order_[row]]); });
  };
  word([&](const DestinationRow& row) { return row_of[row.service]; });
  word([](const DestinationRow& row) { return row.active_connections; });
  word([](const DestinationRow& row) { return row.inactive_connections; });
  word([](const DestinationRow& row) { return row.persistent_connections; });
  word([](const DestinationRow& row) { return row.config.weight; });
  sample->destinations = destinations.Take();
  sample->generation = generation_;

  if (generation_ != before || (parts & kSampleKeys) != 0) {
    std::vector<ServiceRow> service_rows;
    for (const size_t place : service_order_) service_rows.push_back(table_.services[place]);
    std::vector<DestinationRow> destination_rows;
    for (const size_t place : destination_order_) {
      destination_rows.push_back(table_.destinations[place]);
      destination_rows.back().service = row_of[destination_rows.back().service];
    }
    sample->keys = std::make_unique<Columns>(ToColumns(service_rows, destination_rows));
  }
  return kOk;
}

}  // namespace ipvs

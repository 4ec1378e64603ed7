// Rows of a sampler: they keep their numbers while they are there, and tell what changed since the read
// before and how fast.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "native/codec/rows.h"

namespace ipvs {

// The memory that a list takes.
template <typename Item>
size_t BytesOf(const std::vector<Item>& list) {
  return list.capacity() * sizeof(Item);
}

// The counters of a row: all but the kernel's own five rates.
inline constexpr unsigned kSampleCounterColumns = 5;

// Not thread-safe.
class SampleRows {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Starts a read with the keys of the rows as the kernel listed them. Rows that were there keep their order,
  // those that went leave no gap, and new ones come last. False when the rows are the same as before.
  bool Track(const std::vector<uint64_t>& listed);
  size_t size() const { return order_.size(); }
  // The memory that the rows take.
  size_t bytes() const;
  // Which of the listed rows is row `row`.
  size_t listed(size_t row) const { return order_[row]; }
  // The same of all rows.
  const std::vector<size_t>& order() const { return order_; }

  // Takes a row's counters of a read at `now`. After that delta is what came since the read before, and rate
  // is per second, NaN until known.
  //
  // The kernel refreshes counters every 2 seconds, each row at a time of its own (its estimator), by all that
  // came in those 2 seconds. So between two reads less than 2 seconds apart there is one refresh at most: if
  // the counters moved, the rate is what came divided by 2 seconds, whatever the time between the reads; it
  // holds until the next refresh is due, and is 0 if that brought nothing. Reads further apart see a number
  // of refreshes that differs by one from one time to the next; their rates are smoothed over 8 seconds.
  void Read(size_t row, const uint64_t (&counters)[kCounters], Time now);

  // Each writes columns one after the other, five, and returns where they end. Not `all`: only the rows that
  // changed in this read, over what the read before wrote.
  uint8_t* WriteCounters(uint8_t* at, bool all) const { return Write(counters_, at, all); }
  uint8_t* WriteDeltas(uint8_t* at, bool all) const { return Write(deltas_, at, all); }
  uint8_t* WriteRates(uint8_t* at, bool all) const { return Write(rates_, at, all); }

 private:
  template <typename Number>
  using Columns = std::array<std::vector<Number>, kSampleCounterColumns>;
  struct State {
    Time read;     // the last one
    Time refresh;  // the latest time at which the last refresh seen can have been
    bool known = false;
    bool still = false;  // deltas and rates are 0
  };

  void Renumber(const std::vector<size_t>& from);
  template <typename Number>
  static void Rearrange(const std::vector<size_t>& from, Number fresh, Columns<Number>* columns);
  template <typename Number>
  uint8_t* Write(const Columns<Number>& columns, uint8_t* at, bool all) const;
  void Advance(size_t row, const uint64_t (&counters)[kCounters], std::chrono::steady_clock::duration since);

  std::vector<uint64_t> listed_;  // keys as the kernel listed them last
  std::vector<uint64_t> keys_;    // by row
  std::vector<size_t> order_;
  std::vector<size_t> changed_;  // rows, in this read
  std::vector<State> states_;
  Columns<uint64_t> counters_;
  Columns<double> deltas_;
  Columns<double> rates_;
};

}  // namespace ipvs

// The columns of a sampler's rows: one block of memory, which JavaScript may see as it is. Rows come and go
// in it, and another block is made only where room ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>

namespace ipvs {

// What of a sample is wanted (CallRecord.sampler of kSample, below the sampler's number).
enum SampleParts : uint32_t {
  kSampleCounters = 1U << 0,
  kSampleDeltas = 1U << 1,
  kSampleRates = 1U << 2,
  kSampleDestinations = 1U << 3,
  kSampleKeys = 1U << 4,    // the caller does not know the rows' identities yet
  kSampleReuse = 1U << 5,   // samples may be written over earlier ones
  kSampleChosen = 1U << 6,  // only services that were chosen, which may be none
};

// The parts that are columns.
inline constexpr uint32_t kSampleColumnParts = kSampleCounters | kSampleDeltas | kSampleRates;

// The counters of a row: all but the kernel's own five rates.
inline constexpr unsigned kSampleCounterColumns = 5;

// Columns one after the other, as far as they are wanted: 5 counters (64 bits), 5 deltas and 5 rates
// (doubles), then words of 32 bits. Each has room for `room` rows and holds the first `rows` of them.
struct SampleBlock {
  std::shared_ptr<uint8_t[]> data;  // shared with whoever shows it to JavaScript
  size_t bytes = 0;
  size_t rows = 0;
  size_t room = 0;
  bool same = false;  // the memory that the caller holds, written over
};

// Not thread-safe. What is not wanted is not kept, but for counters: they stand behind the words then.
class SampleColumns {
 public:
  explicit SampleColumns(unsigned words) : words_(words) {}

  // Chooses the columns. Only without rows.
  void Choose(uint32_t parts);
  size_t rows() const { return rows_; }
  size_t room() const { return room_; }
  // The memory that nobody else holds.
  size_t bytes() const { return data_.use_count() == 1 ? Bytes(room_) : 0; }

  // Makes room for so many rows, no fewer than there are.
  void Fit(size_t room);
  // Adds a row, for which there is room: counters and deltas are 0 and rates NaN.
  void Add();
  void Move(size_t from, size_t to);
  // Leaves out the last rows.
  void Truncate(size_t rows) { rows_ = rows; }

  uint64_t counter(unsigned column, size_t row) const { return Get<uint64_t>(counters_, column, row); }
  double delta(unsigned column, size_t row) const { return deltas_ ? Get<double>(deltas_, column, row) : 0; }
  double rate(unsigned column, size_t row) const {
    return rates_ ? Get<double>(rates_, column, row) : std::numeric_limits<double>::quiet_NaN();
  }
  uint32_t word(unsigned column, size_t row) const { return Get<uint32_t>(words_at_, column, row); }
  void SetCounter(unsigned column, size_t row, uint64_t value) { Put(counters_, column, row, value); }
  void SetDelta(unsigned column, size_t row, double value) {
    if (deltas_ != nullptr) Put(deltas_, column, row, value);
  }
  void SetRate(unsigned column, size_t row, double value) {
    if (rates_ != nullptr) Put(rates_, column, row, value);
  }
  void SetWord(unsigned column, size_t row, uint32_t value) { Put(words_at_, column, row, value); }

  // Takes other memory where someone has this and is not the caller who holds `held`.
  void Leave(const void* held);
  // The columns themselves, for a caller who holds `held`.
  SampleBlock Share(const void* held) const;
  // A copy of those that are wanted, without room to spare.
  SampleBlock Copy() const;

 private:
  template <typename Number>
  Number Get(const uint8_t* group, unsigned column, size_t row) const {
    Number number = 0;
    std::memcpy(&number, group + (column * room_ + row) * sizeof number, sizeof number);
    return number;
  }
  template <typename Number>
  void Put(uint8_t* group, unsigned column, size_t row, Number number) {
    std::memcpy(group + (column * room_ + row) * sizeof number, &number, sizeof number);
  }
  // The 64-bit columns that are wanted.
  size_t wide() const;
  size_t Bytes(size_t room) const;
  // Copies the columns to `to`, whose columns have room for `room` rows. Not `all`: those that are wanted.
  void CopyTo(uint8_t* to, size_t room, bool all) const;
  void Point();

  unsigned words_;
  uint32_t parts_ = 0;
  size_t rows_ = 0;
  size_t room_ = 0;
  std::shared_ptr<uint8_t[]> data_;
  // In data_: where the first column of each group stands.
  uint8_t* counters_ = nullptr;
  uint8_t* deltas_ = nullptr;  // nullptr: not wanted
  uint8_t* rates_ = nullptr;   // the same
  uint8_t* words_at_ = nullptr;
};

}  // namespace ipvs

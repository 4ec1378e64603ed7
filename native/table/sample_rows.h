// Rows of a sampler: they keep their numbers while they are there, and tell what changed since the read
// before and how fast.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "native/table/sample_columns.h"

namespace ipvs {

// The memory that a list takes.
template <typename Item>
size_t BytesOf(const std::vector<Item>& list) {
  return list.capacity() * sizeof(Item);
}

// A read is Begin(), then Next() and Read() of each row in the order in which the kernel lists them, and
// End(). Not thread-safe.
//
// Rows are written as they come, over those of the read before: a table of 100,000 rows is polled by programs
// that have other things to hold than a second copy. Beside its columns a row takes 24 bytes.
class SampleRows {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // The times between which the kernel read a row.
  struct Span {
    Time from;
    Time to;
  };

  explicit SampleRows(unsigned words) : columns_(words) {}

  size_t size() const { return keys_.size(); }
  // The memory that the rows take, without what others hold too.
  size_t bytes() const;

  // Starts a read of the columns that `parts` name, always the same ones. The caller holds the memory `held`
  // of an earlier one; what others hold is not written to.
  void Begin(uint32_t parts, const void* held);
  // Makes room for so many rows where it has to grow. A guess, trusted within limits.
  void Expect(size_t rows) { expected_ = rows; }

  static constexpr uint32_t kNoRow = UINT32_MAX;
  // The row of the key that is listed next. Rows that were there keep their order, and new ones come last.
  // kNoRow: it was listed before.
  uint32_t Next(uint64_t key);
  // Takes a row's counters. Its delta is what came since the read before, and its rate is per second, NaN
  // until known.
  //
  // The kernel refreshes counters every 2 seconds, each row at a time of its own (its estimator), by all that
  // came in those 2 seconds. So between two reads less than 2 seconds apart there is one refresh at most: if
  // the counters moved, the rate is what came divided by 2 seconds, whatever the time between the reads; it
  // holds until the next refresh is due, and is 0 if that brought nothing. Reads further apart, or perhaps
  // so, see a number of refreshes that differs by one from one time to the next; their rates are smoothed
  // over 8 seconds.
  void Read(uint32_t row, const uint64_t* counters, const Span& span);
  void SetWord(unsigned column, uint32_t row, uint32_t value) { columns_.SetWord(column, row, value); }

  // Ends a read of the whole list: rows that were not listed go, and those after them move up. True if the
  // rows are others than before.
  bool End();
  // Ends a read that broke off: rows that are new go, and the others add what they saw come to their next
  // delta.
  void Abandon();

  // After End(): the row of the key that was listed at `place`.
  uint32_t row_at(size_t place) const { return row_at_[place]; }
  // The rows that stayed, by their new numbers; empty where none went.
  const std::vector<uint32_t>& stayed() const { return stayed_; }
  const SampleColumns& columns() const { return columns_; }

 private:
  // Finds rows by their keys, each of which is there once. Open addressing in one block: a node for each row
  // would cost more than all else that is done with it.
  class ByKey {
   public:
    void Clear() { slots_.clear(); }
    void Fill(const std::vector<uint64_t>& keys);
    // kNoRow if no row has it.
    uint32_t Find(const std::vector<uint64_t>& keys, uint64_t key) const;

   private:
    // The slot of a key, or the empty one that it would have.
    size_t SlotOf(const std::vector<uint64_t>& keys, uint64_t key) const;

    std::vector<uint32_t> slots_;  // 1 + a row; 0: empty
    unsigned bits_ = 1;            // of the number of slots
  };

  uint32_t Add(uint64_t key);
  void Fit(size_t room);
  // Notes that the list is another one than before: from here on rows are looked for.
  void GoAstray();
  bool RemoveUnseen();
  // Takes counters of which one moved.
  void Advance(uint32_t row, const uint64_t* counters, const Span& span);
  bool IsAhead(uint32_t row) const { return row < ahead_.size() && ahead_[row]; }

  SampleColumns columns_;
  std::vector<uint64_t> keys_;
  std::vector<Time> read_;  // the earliest time of the last read
  // From the latest time at which the last refresh seen can have been to read_, in microseconds as far as
  // they fit. Below 0: that refresh may have been while the row was read. Or kUnread, kStill.
  std::vector<int32_t> since_refresh_;
  std::vector<uint32_t> row_at_;
  std::vector<bool> ahead_;  // rows whose deltas have what a read saw that broke off; empty: none
  std::vector<uint32_t> stayed_;

  // Of the read that is under way.
  size_t expected_ = 0;
  size_t known_ = 0;  // rows that were there before it
  size_t place_ = 0;  // as long as the list is as before: what comes next
  bool astray_ = false;
  // While astray:
  ByKey by_key_;
  std::vector<bool> seen_;
  std::vector<uint32_t> order_;  // of row_at_
};

}  // namespace ipvs

#include "native/table/sample_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace ipvs {

namespace {

using Duration = std::chrono::steady_clock::duration;
using std::chrono::milliseconds;

constexpr milliseconds kRefresh(2000);
// How late a refresh may be: the estimator's thread, or its timer, competes with others.
constexpr milliseconds kLate(300);
constexpr milliseconds kSmoothing(8000);
constexpr size_t kNew = std::numeric_limits<size_t>::max();

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// Finds where keys are listed, each once. Open addressing in one block: a fresh sampler's first read looks
// for every row, and a node of its own for each would cost more than all else that is done with it.
class Places {
 public:
  // The list has to outlive its Places.
  explicit Places(const std::vector<uint64_t>& listed) : listed_(listed), taken_(listed.size()) {
    while ((size_t{1} << bits_) < 2 * listed.size()) ++bits_;
    slots_.resize(size_t{1} << bits_);
    for (size_t i = 0; i < listed.size(); ++i) {
      uint32_t& slot = SlotOf(listed[i]);
      if (slot != 0) continue;
      slot = static_cast<uint32_t>(i + 1);
      ++left_;
    }
  }

  // The first place of a key; kNew if it has none, or was taken before.
  size_t Take(uint64_t key) {
    const size_t slot = SlotOf(key);
    if (slot == 0 || taken_[slot - 1]) return kNew;
    taken_[slot - 1] = true;
    --left_;
    return slot - 1;
  }

  // Whether all keys were taken.
  bool empty() const { return left_ == 0; }

 private:
  // The slot of a key, or the empty one that it would have.
  uint32_t& SlotOf(uint64_t key) {
    const size_t mask = slots_.size() - 1;
    size_t at = static_cast<size_t>((key * 0x9e3779b97f4a7c15ULL) >> (64 - bits_));
    while (slots_[at] != 0 && listed_[slots_[at] - 1] != key) at = (at + 1) & mask;
    return slots_[at];
  }

  const std::vector<uint64_t>& listed_;
  std::vector<bool> taken_;
  std::vector<uint32_t> slots_;  // 1 + the index of a key; 0: empty
  unsigned bits_ = 1;            // of the number of slots
  size_t left_ = 0;
};

}  // namespace

size_t SampleRows::bytes() const {
  size_t bytes = BytesOf(listed_) + BytesOf(keys_) + BytesOf(order_) + BytesOf(changed_) + BytesOf(states_);
  for (unsigned c = 0; c < kSampleCounterColumns; ++c) {
    bytes += BytesOf(counters_[c]) + BytesOf(deltas_[c]) + BytesOf(rates_[c]);
  }
  return bytes;
}

bool SampleRows::Track(const std::vector<uint64_t>& listed) {
  changed_.clear();
  if (listed == listed_) return false;
  listed_ = listed;
  Places places(listed_);

  std::vector<size_t> from;
  order_.clear();
  for (size_t row = 0; row < keys_.size(); ++row) {
    const size_t place = places.Take(keys_[row]);
    if (place == kNew) continue;
    from.push_back(row);
    order_.push_back(place);
  }
  if (from.size() == keys_.size() && places.empty()) return false;  // in another order only
  for (size_t i = 0; i < listed.size(); ++i) {
    if (places.Take(listed[i]) == kNew) continue;
    from.push_back(kNew);
    order_.push_back(i);
  }
  keys_.resize(order_.size());
  for (size_t row = 0; row < order_.size(); ++row) keys_[row] = listed[order_[row]];
  Renumber(from);
  return true;
}

template <typename Number>
void SampleRows::Rearrange(const std::vector<size_t>& from, Number fresh, Columns<Number>* columns) {
  for (std::vector<Number>& column : *columns) {
    std::vector<Number> moved(from.size(), fresh);
    for (size_t row = 0; row < from.size(); ++row) {
      if (from[row] != kNew) moved[row] = column[from[row]];
    }
    column = std::move(moved);
  }
}

void SampleRows::Renumber(const std::vector<size_t>& from) {
  std::vector<State> states(from.size());
  for (size_t row = 0; row < from.size(); ++row) {
    if (from[row] != kNew) states[row] = states_[from[row]];
  }
  states_ = std::move(states);
  Rearrange<uint64_t>(from, 0, &counters_);
  Rearrange<double>(from, 0, &deltas_);
  Rearrange<double>(from, std::numeric_limits<double>::quiet_NaN(), &rates_);
}

void SampleRows::Read(size_t row, const uint64_t (&counters)[kCounters], Time now) {
  State& state = states_[row];
  bool same = true;
  for (unsigned c = 0; c < kSampleCounterColumns; ++c) same = same && counters_[c][row] == counters[c];
  if (state.known && same && state.still) {  // most rows of most reads
    state.read = now;
    return;
  }
  changed_.push_back(row);
  if (!state.known) {
    state.known = true;
    state.refresh = now;
    for (unsigned c = 0; c < kSampleCounterColumns; ++c) counters_[c][row] = counters[c];
  } else if (!same) {
    Advance(row, counters, now - state.read);
    state.refresh = now;
    state.still = false;
  } else {
    const bool due = now > state.refresh + kRefresh + kLate;
    for (unsigned c = 0; c < kSampleCounterColumns; ++c) {
      deltas_[c][row] = 0;
      if (due) rates_[c][row] = 0;
    }
    state.still = due;
  }
  state.read = now;
}

template <typename Number>
uint8_t* SampleRows::Write(const Columns<Number>& columns, uint8_t* at, bool all) const {
  static_assert(sizeof(Number) == sizeof(uint64_t));
  for (const std::vector<Number>& column : columns) {
    const size_t bytes = column.size() * sizeof(Number);
    if (!all) {
      for (const size_t row : changed_) std::memcpy(at + row * sizeof(Number), &column[row], sizeof(Number));
    } else if (bytes > 0) {
      std::memcpy(at, column.data(), bytes);
    }
    at += bytes;
  }
  return at;
}

template uint8_t* SampleRows::Write(const Columns<uint64_t>&, uint8_t*, bool) const;
template uint8_t* SampleRows::Write(const Columns<double>&, uint8_t*, bool) const;

void SampleRows::Advance(size_t row, const uint64_t (&counters)[kCounters], Duration since) {
  const double smoothing = std::min(1.0, Seconds(since) / Seconds(kSmoothing));
  for (unsigned c = 0; c < kSampleCounterColumns; ++c) {
    const uint64_t before = counters_[c][row];
    // A counter that fell was zeroed, or belongs to a service that was made anew: what it shows came since.
    const double delta = static_cast<double>(counters[c] < before ? counters[c] : counters[c] - before);
    double& rate = rates_[c][row];
    if (since < kRefresh) {
      rate = delta / Seconds(kRefresh);
    } else {
      const double mean = delta / Seconds(since);
      rate = std::isnan(rate) || mean == 0 || rate == 0 ? mean : rate + (mean - rate) * smoothing;
    }
    deltas_[c][row] = delta;
    counters_[c][row] = counters[c];
  }
}

}  // namespace ipvs

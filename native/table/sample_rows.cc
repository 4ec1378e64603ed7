#include "native/table/sample_rows.h"

#include <algorithm>
#include <cmath>

namespace ipvs {

namespace {

using Duration = std::chrono::steady_clock::duration;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kRefresh(2000);
// How late a refresh may be: the estimator's thread, or its timer, competes with others.
constexpr milliseconds kLate(300);
constexpr milliseconds kSmoothing(8000);

// In the place of microseconds since a refresh.
constexpr int32_t kUnread = INT32_MIN;  // a row that is new
constexpr int32_t kStill = INT32_MAX;   // deltas and rates are 0

// A guess is trusted up to so many rows.
constexpr size_t kTrusted = 1 << 18;

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// As many of them as fit: 35 minutes.
int32_t Microseconds(Duration duration) {
  const int64_t count = std::chrono::duration_cast<microseconds>(duration).count();
  return static_cast<int32_t>(std::clamp<int64_t>(count, kUnread + 1, kStill - 1));
}

}  // namespace

size_t SampleRows::ByKey::SlotOf(const std::vector<uint64_t>& keys, uint64_t key) const {
  const size_t mask = slots_.size() - 1;
  size_t at = static_cast<size_t>((key * 0x9e3779b97f4a7c15ULL) >> (64 - bits_));
  while (slots_[at] != 0 && keys[slots_[at] - 1] != key) at = (at + 1) & mask;
  return at;
}

void SampleRows::ByKey::Fill(const std::vector<uint64_t>& keys) {
  bits_ = 1;
  while ((size_t{1} << bits_) < 2 * keys.size()) ++bits_;
  slots_.assign(size_t{1} << bits_, 0);
  for (size_t row = 0; row < keys.size(); ++row)
    slots_[SlotOf(keys, keys[row])] = static_cast<uint32_t>(row + 1);
}

uint32_t SampleRows::ByKey::Find(const std::vector<uint64_t>& keys, uint64_t key) const {
  if (slots_.empty()) return kNoRow;
  const uint32_t slot = slots_[SlotOf(keys, key)];
  return slot == 0 ? kNoRow : slot - 1;
}

size_t SampleRows::bytes() const {
  return columns_.bytes() + BytesOf(keys_) + BytesOf(read_) + BytesOf(since_refresh_) + BytesOf(row_at_);
}

void SampleRows::Begin(uint32_t parts, const void* held) {
  if (size() == 0) columns_.Choose(parts);
  columns_.Leave(held);
  known_ = size();
  place_ = 0;
  stayed_.clear();
}

void SampleRows::Fit(size_t room) {
  columns_.Fit(room);
  keys_.reserve(room);
  read_.reserve(room);
  since_refresh_.reserve(room);
}

uint32_t SampleRows::Add(uint64_t key) {
  const size_t row = size();
  // Growth by doubling would leave half of the room unused. Room that is never used costs addresses alone.
  if (row == columns_.room()) Fit(std::clamp(expected_, row + row / 4 + 1, std::max(4 * row, kTrusted)));
  columns_.Add();
  keys_.push_back(key);
  read_.emplace_back();
  since_refresh_.push_back(kUnread);
  seen_.push_back(true);
  return static_cast<uint32_t>(row);
}

void SampleRows::GoAstray() {
  astray_ = true;
  seen_.assign(known_, false);
  const auto passed = row_at_.begin() + static_cast<ptrdiff_t>(place_);
  order_.assign(row_at_.begin(), passed);
  for (const uint32_t row : order_) {
    if (row != kNoRow) seen_[row] = true;
  }
  if (known_ > 0) by_key_.Fill(keys_);
}

uint32_t SampleRows::Next(uint64_t key) {
  if (!astray_) {
    const uint32_t row = place_ < row_at_.size() ? row_at_[place_] : kNoRow;
    if (row != kNoRow && keys_[row] == key) {
      ++place_;
      return row;
    }
    GoAstray();
  }
  uint32_t row = by_key_.Find(keys_, key);
  if (row == kNoRow) {
    row = Add(key);
  } else if (seen_[row]) {
    row = kNoRow;
  } else {
    seen_[row] = true;
  }
  order_.push_back(row);
  return row;
}

bool SampleRows::RemoveUnseen() {
  if (std::find(seen_.begin(), seen_.end(), false) == seen_.end()) return false;
  std::vector<uint32_t> now(size(), kNoRow);
  for (uint32_t row = 0; row < size(); ++row) {
    if (!seen_[row]) continue;
    const size_t to = stayed_.size();
    now[row] = static_cast<uint32_t>(to);
    stayed_.push_back(row);
    if (to == row) continue;
    columns_.Move(row, to);
    keys_[to] = keys_[row];
    read_[to] = read_[row];
    since_refresh_[to] = since_refresh_[row];
  }
  const size_t left = stayed_.size();
  columns_.Truncate(left);
  keys_.resize(left);
  read_.resize(left);
  since_refresh_.resize(left);
  for (uint32_t& row : order_) {
    if (row != kNoRow) row = now[row];
  }
  return true;
}

bool SampleRows::End() {
  const bool more = size() > known_;
  if (!astray_ && place_ < row_at_.size()) GoAstray();
  const bool fewer = astray_ && RemoveUnseen();
  if (astray_) row_at_ = std::vector<uint32_t>(order_);
  if (columns_.room() > size() + size() / 4 + 16) {
    columns_.Fit(size());
    keys_.shrink_to_fit();
    read_.shrink_to_fit();
    since_refresh_.shrink_to_fit();
  }
  ahead_ = {};
  astray_ = false;
  by_key_ = {};
  seen_ = {};
  order_ = {};
  return more || fewer;
}

void SampleRows::Abandon() {
  if (!astray_) GoAstray();
  columns_.Truncate(known_);
  keys_.resize(known_);
  read_.resize(known_);
  since_refresh_.resize(known_);
  ahead_.resize(known_);
  for (size_t row = 0; row < known_; ++row) ahead_[row] = ahead_[row] || seen_[row];
  astray_ = false;
}

void SampleRows::Read(uint32_t row, const uint64_t* counters, const Span& span) {
  int32_t& since_refresh = since_refresh_[row];
  bool same = true;
  for (unsigned c = 0; c < kSampleCounterColumns; ++c) same = same && columns_.counter(c, row) == counters[c];
  if (since_refresh == kUnread) {
    for (unsigned c = 0; c < kSampleCounterColumns; ++c) columns_.SetCounter(c, row, counters[c]);
    since_refresh = Microseconds(span.from - span.to);
  } else if (!same) {
    Advance(row, counters, span);
    since_refresh = Microseconds(span.from - span.to);
  } else if (since_refresh != kStill) {  // most rows of most reads are
    const Duration since = microseconds(since_refresh) + (span.from - read_[row]);
    const bool due = since > kRefresh + kLate;
    const bool ahead = IsAhead(row);
    for (unsigned c = 0; c < kSampleCounterColumns; ++c) {
      if (!ahead) columns_.SetDelta(c, row, 0);
      if (due) columns_.SetRate(c, row, 0);
    }
    since_refresh = due && !ahead ? kStill : Microseconds(since);
  }
  read_[row] = span.from;
}

void SampleRows::Advance(uint32_t row, const uint64_t* counters, const Span& span) {
  const Duration since = span.from - read_[row];
  const Duration most = span.to - read_[row];
  const double smoothing = std::min(1.0, Seconds(since) / Seconds(kSmoothing));
  const bool ahead = IsAhead(row);
  for (unsigned c = 0; c < kSampleCounterColumns; ++c) {
    const uint64_t before = columns_.counter(c, row);
    // A counter that fell was zeroed, or belongs to a service that was made anew: what it shows came since.
    const double delta = static_cast<double>(counters[c] < before ? counters[c] : counters[c] - before);
    double rate = columns_.rate(c, row);
    if (most < kRefresh) {
      rate = delta / Seconds(kRefresh);
    } else {
      const double mean = delta / Seconds(std::max<Duration>(since, kRefresh));
      rate = std::isnan(rate) || mean == 0 || rate == 0 ? mean : rate + (mean - rate) * smoothing;
    }
    columns_.SetRate(c, row, rate);
    columns_.SetDelta(c, row, ahead ? columns_.delta(c, row) + delta : delta);
    columns_.SetCounter(c, row, counters[c]);
  }
}

}  // namespace ipvs

#include "native/table/sample_columns.h"

#include <utility>

namespace ipvs {

namespace {

constexpr size_t kWideBytes = sizeof(uint64_t);
constexpr size_t kGroupBytes = kSampleCounterColumns * kWideBytes;  // of a row

}  // namespace

void SampleColumns::Choose(uint32_t parts) {
  parts_ = parts & kSampleColumnParts;
  Fit(0);
}

size_t SampleColumns::wide() const {
  size_t groups = 0;
  for (const uint32_t part : {kSampleCounters, kSampleDeltas, kSampleRates}) {
    if ((parts_ & part) != 0) ++groups;
  }
  return groups * kSampleCounterColumns;
}

size_t SampleColumns::Bytes(size_t room) const {
  const size_t hidden = (parts_ & kSampleCounters) != 0 ? 0 : kGroupBytes;
  return room * (wide() * kWideBytes + words_ * sizeof(uint32_t) + hidden);
}

void SampleColumns::Point() {
  uint8_t* at = data_.get();
  const auto group = [&](uint32_t part) -> uint8_t* {
    if ((parts_ & part) == 0) return nullptr;
    return std::exchange(at, at + room_ * kGroupBytes);
  };
  counters_ = group(kSampleCounters);
  deltas_ = group(kSampleDeltas);
  rates_ = group(kSampleRates);
  words_at_ = at;
  if (counters_ == nullptr) counters_ = at + room_ * words_ * sizeof(uint32_t);
}

void SampleColumns::CopyTo(uint8_t* to, size_t room, bool all) const {
  const uint8_t* from = data_.get();
  const auto copy = [&](size_t columns, size_t bytes) {
    for (size_t c = 0; c < columns; ++c) {
      std::memcpy(to, from, rows_ * bytes);
      from += room_ * bytes;
      to += room * bytes;
    }
  };
  if (rows_ == 0) return;
  copy(wide(), kWideBytes);
  copy(words_, sizeof(uint32_t));
  if (all && (parts_ & kSampleCounters) == 0) copy(kSampleCounterColumns, kWideBytes);
}

void SampleColumns::Fit(size_t room) {
  std::shared_ptr<uint8_t[]> data(new uint8_t[Bytes(room)]);
  CopyTo(data.get(), room, true);
  data_ = std::move(data);
  room_ = room;
  Point();
}

void SampleColumns::Add() {
  const size_t row = rows_++;
  for (unsigned c = 0; c < kSampleCounterColumns; ++c) {
    SetCounter(c, row, 0);
    SetDelta(c, row, 0);
    SetRate(c, row, std::numeric_limits<double>::quiet_NaN());
  }
  for (unsigned c = 0; c < words_; ++c) SetWord(c, row, 0);
}

void SampleColumns::Move(size_t from, size_t to) {
  for (unsigned c = 0; c < kSampleCounterColumns; ++c) {
    SetCounter(c, to, counter(c, from));
    SetDelta(c, to, delta(c, from));
    SetRate(c, to, rate(c, from));
  }
  for (unsigned c = 0; c < words_; ++c) SetWord(c, to, word(c, from));
}

void SampleColumns::Leave(const void* held) {
  if (data_.use_count() > 1 && held != data_.get()) Fit(room_);
}

SampleBlock SampleColumns::Share(const void* held) const {
  return {data_, Bytes(room_), rows_, room_, held != nullptr && held == data_.get()};
}

SampleBlock SampleColumns::Copy() const {
  SampleBlock block;
  block.rows = block.room = rows_;
  block.bytes = rows_ * (wide() * kWideBytes + words_ * sizeof(uint32_t));
  block.data.reset(new uint8_t[block.bytes]);
  CopyTo(block.data.get(), rows_, false);
  return block;
}

}  // namespace ipvs

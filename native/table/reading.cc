#include "native/table/reading.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

namespace ipvs {

namespace {

// Rows on each side of a seam that must stand in order. Chunks have nine rows at least. One is enough where
// all rows of both readings do.
constexpr size_t kAnchors = 4;

constexpr size_t kNowhere = std::numeric_limits<size_t>::max();

// Where the rows of the later reading stand in the earlier one.
std::vector<size_t> PlacesOf(const Reading& later, const Reading& earlier) {
  std::unordered_map<uint64_t, size_t> places;
  places.reserve(earlier.keys.size());
  for (size_t i = 0; i < earlier.keys.size(); ++i) places[earlier.keys[i]] = i;
  std::vector<size_t> found;
  found.reserve(later.keys.size());
  for (const uint64_t key : later.keys) {
    const auto place = places.find(key);
    found.push_back(place == places.end() ? kNowhere : place->second);
    if (place != places.end()) places.erase(place);  // a row that comes again shows nothing
  }
  return found;
}

// For each row of a reading whether another one lacks it.
std::vector<bool> Lacking(const Reading& reading, const Reading& other) {
  const std::unordered_set<uint64_t> keys(other.keys.begin(), other.keys.end());
  std::vector<bool> lacking;
  lacking.reserve(reading.keys.size());
  for (const uint64_t key : reading.keys) lacking.push_back(keys.count(key) == 0);
  return lacking;
}

class Bridging {
 public:
  Bridging(const Reading& earlier, const Reading& later)
      : earlier_(earlier), later_(later), same_(earlier.keys == later.keys) {
    if (same_) return;
    places_ = PlacesOf(later, earlier);
    lacking_ = Lacking(earlier, later);
  }

  Bridged Find() const {
    Bridged bridged;
    bridged.seams = !earlier_.ends.empty();
    for (size_t chunk = 0; chunk < later_.ends.size() && bridged.seams; ++chunk) {
      if (chunk + 1 == later_.ends.size() && later_.ended) break;
      bridged.seams = BridgeSeam(later_.ends[chunk], &bridged.doubts);
    }
    for (size_t row = 0; row < lacking_.size(); ++row) {
      if (lacking_[row]) bridged.absent.push_back(row);
    }
    return bridged;
  }

 private:
  size_t PlaceOf(size_t row) const { return same_ ? row : places_[row]; }

  size_t ChunkOf(size_t row) const {
    return static_cast<size_t>(std::upper_bound(earlier_.ends.begin(), earlier_.ends.end(), row) -
                               earlier_.ends.begin());
  }

  bool BridgeSeam(size_t seam, std::vector<Doubt>* doubts) const {
    const size_t needed = same_ ? 1 : kAnchors;
    size_t places[2 * kAnchors];
    size_t left = 0;  // these end in the middle, at places[kAnchors]
    for (size_t row = seam; row-- > 0 && left < needed;) {
      if (PlaceOf(row) != kNowhere) places[kAnchors - ++left] = PlaceOf(row);
    }
    size_t right = 0;  // these begin there
    for (size_t row = seam; row < later_.keys.size() && right < needed; ++row) {
      if (PlaceOf(row) != kNowhere) places[kAnchors + right++] = PlaceOf(row);
    }
    const size_t* const first = places + kAnchors - left;
    const size_t* const last = places + kAnchors + right;
    const auto disordered = [](size_t a, size_t b) { return a >= b; };
    if (std::adjacent_find(first, last, disordered) != last) return false;
    // Where there are fewer, the list's beginning or end stands in for those that lack.
    if (right < needed && !earlier_.ended) return false;
    const size_t begin = left < needed ? 0 : *first;
    const size_t end = right < needed ? earlier_.keys.size() - 1 : last[-1];
    if (ChunkOf(begin) != ChunkOf(end)) return false;

    const size_t from = left > 0 ? places[kAnchors - 1] + 1 : 0;
    const size_t to = right > 0 ? places[kAnchors] : earlier_.keys.size();
    for (size_t row = from; row < to && !same_; ++row) {
      if (lacking_[row]) doubts->push_back({row, seam});
    }
    return true;
  }

  const Reading& earlier_;
  const Reading& later_;
  const bool same_;  // row by row: what two readings are like while nobody writes
  // Of the later one's rows in the earlier one; not needed when they are the same.
  std::vector<size_t> places_;
  std::vector<bool> lacking_;  // whether the later one lacks the earlier one's rows; neither
};

}  // namespace

Bridged Bridge(const Reading& earlier, const Reading& later) {
  return Bridging(earlier, later).Find();
}

}  // namespace ipvs

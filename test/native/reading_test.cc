// What two readings of a list prove together (native/table/reading.h), by readings made by hand.
#include "native/table/reading.h"

#include <vector>

#include "test/native/test.h"

using ipvs::Bridge;
using ipvs::Bridged;
using ipvs::Reading;

namespace {

// Rows 1 to 20, in one chunk.
Reading Whole() {
  return {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, {20}, true};
}

// A reading of which a first chunk of eight rows was full.
Reading InTwo(const std::vector<uint64_t>& keys) {
  return {keys, {8, keys.size()}, true};
}

}  // namespace

TEST_CASE("A row that one reading misses at a seam is known by its place in a chunk of the other one") {
  const Reading torn = InTwo({1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20});
  const Bridged bridged = Bridge(Whole(), torn);
  CHECK(bridged.seams);
  REQUIRE(bridged.doubts.size() == 1);
  CHECK(Whole().keys[bridged.doubts[0].row] == 9);
  CHECK(torn.keys[bridged.doubts[0].before] == 10);
  CHECK(bridged.absent == std::vector<size_t>{8});
}

TEST_CASE("A row that stands elsewhere in a reading was not missed where it stood before") {
  const Reading moved = InTwo({1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 9});
  const Bridged bridged = Bridge(Whole(), moved);
  CHECK(bridged.seams);
  CHECK(bridged.doubts.empty());
  CHECK(bridged.absent.empty());
}

TEST_CASE("A seam beside which rows stand in another order is not bridged, though the nearest two do not") {
  CHECK(
      !Bridge(Whole(), InTwo({1, 2, 3, 4, 5, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})).seams);
  CHECK(
      !Bridge(Whole(), InTwo({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 11, 13, 14, 15, 16, 17, 18, 19, 20})).seams);
  // Farther away they prove nothing.
  CHECK(
      Bridge(Whole(), InTwo({2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 19})).seams);
}

TEST_CASE("A reading that holds nothing proves nothing of another one") {
  CHECK(!Bridge({{}, {}, true}, InTwo(Whole().keys)).seams);
  CHECK(Bridge(Whole(), InTwo(Whole().keys)).seams);
}

#include "native/table/sample_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "test/native/test.h"

using ipvs::SampleRows;
using std::chrono::milliseconds;

namespace {

// One column of a row, as WriteCounters(), WriteDeltas() and WriteRates() lay it out.
template <typename Number, typename Write>
Number Written(const SampleRows& rows, Write write, unsigned column, size_t row) {
  std::vector<uint8_t> bytes(rows.size() * ipvs::kSampleCounterColumns * sizeof(Number));
  const uint8_t* const end = (rows.*write)(bytes.data(), true);
  CHECK(end == bytes.data() + bytes.size());
  Number number = 0;
  std::memcpy(&number, bytes.data() + (column * rows.size() + row) * sizeof number, sizeof number);
  return number;
}

double Rate(const SampleRows& rows, size_t row, unsigned column = 0) {
  return Written<double>(rows, &SampleRows::WriteRates, column, row);
}

double Delta(const SampleRows& rows, size_t row, unsigned column = 0) {
  return Written<double>(rows, &SampleRows::WriteDeltas, column, row);
}

uint64_t Counter(const SampleRows& rows, size_t row, unsigned column = 0) {
  return Written<uint64_t>(rows, &SampleRows::WriteCounters, column, row);
}

// Reads a row whose counters are all `count`, `ms` after the clock's start.
void Read(SampleRows* rows, size_t row, uint64_t count, int ms) {
  uint64_t counters[ipvs::kCounters];
  for (uint64_t& counter : counters) counter = count;
  rows->Read(row, counters, SampleRows::Time(std::chrono::hours(1) + milliseconds(ms)));
}

// A table of one row, which was read with 0 at the clock's start.
SampleRows OneRow() {
  SampleRows rows;
  CHECK(rows.Track({1}));
  Read(&rows, 0, 0, 0);
  return rows;
}

}  // namespace

TEST_CASE("A row's rate is unknown until its counters were read twice") {
  SampleRows rows = OneRow();
  CHECK(std::isnan(Rate(rows, 0)));
  CHECK(Delta(rows, 0) == 0);
  rows.Track({1});
  Read(&rows, 0, 0, 500);  // a refresh is not due yet
  CHECK(std::isnan(Rate(rows, 0)));
}

TEST_CASE(
    "Between two reads less than two seconds apart, what came is divided by the two seconds of a refresh") {
  SampleRows rows = OneRow();
  rows.Track({1});
  Read(&rows, 0, 1000, 100);
  CHECK(Rate(rows, 0) == 500);
  CHECK(Delta(rows, 0) == 1000);
  CHECK(Counter(rows, 0) == 1000);
}

TEST_CASE("A rate holds until the next refresh is due, and is 0 when that brought nothing") {
  SampleRows rows = OneRow();
  rows.Track({1});
  Read(&rows, 0, 1000, 100);
  Read(&rows, 0, 1000, 2300);
  CHECK(Rate(rows, 0) == 500);
  CHECK(Delta(rows, 0) == 0);
  Read(&rows, 0, 1000, 2500);
  CHECK(Rate(rows, 0) == 0);
}

TEST_CASE("Rates of reads further apart are smoothed over eight seconds") {
  SampleRows rows = OneRow();
  rows.Track({1});
  Read(&rows, 0, 4000, 4000);
  CHECK(Rate(rows, 0) == 1000);  // the first one as it is
  Read(&rows, 0, 12000, 8000);   // 2000 a second, for half of the eight seconds
  CHECK(Rate(rows, 0) == 1500);
  Read(&rows, 0, 44000, 24000);  // 2000 a second, for longer than eight seconds
  CHECK(Rate(rows, 0) == 2000);
}

TEST_CASE("A rate that was 0 is not smoothed") {
  SampleRows rows = OneRow();
  rows.Track({1});
  Read(&rows, 0, 0, 4000);
  CHECK(Rate(rows, 0) == 0);
  Read(&rows, 0, 8000, 8000);
  CHECK(Rate(rows, 0) == 2000);
}

TEST_CASE("A counter that fell was zeroed, and what it shows came since") {
  SampleRows rows = OneRow();
  rows.Track({1});
  Read(&rows, 0, 1000, 1000);
  Read(&rows, 0, 10, 2000);
  CHECK(Delta(rows, 0) == 10);
  CHECK(Rate(rows, 0) == 5);
}

TEST_CASE("Rows keep their order when others go, leave no gap, and new ones come last without a past") {
  SampleRows rows;
  CHECK(rows.Track({10, 20, 30}));
  for (size_t row = 0; row < 3; ++row) Read(&rows, row, 0, 0);
  CHECK_FALSE(rows.Track({30, 10, 20}));  // the kernel's order alone
  CHECK(rows.listed(0) == 1);
  CHECK(rows.listed(2) == 0);
  for (size_t row = 0; row < 3; ++row) Read(&rows, row, 100 * (row + 1), 100);

  CHECK(rows.Track({40, 30, 10}));
  REQUIRE(rows.size() == 3);
  CHECK(rows.listed(0) == 2);  // 10
  CHECK(rows.listed(1) == 1);  // 30
  CHECK(rows.listed(2) == 0);  // 40
  Read(&rows, 0, 110, 200);
  Read(&rows, 1, 330, 200);
  Read(&rows, 2, 7, 200);
  CHECK(Delta(rows, 0) == 10);
  CHECK(Delta(rows, 1) == 30);
  CHECK(Delta(rows, 2) == 0);
  CHECK(std::isnan(Rate(rows, 2)));
  CHECK(Counter(rows, 2) == 7);
}

TEST_CASE("Any lists in a row, doubles among them, leave the rows that a search through all of them finds") {
  std::mt19937_64 random(17);
  SampleRows rows;
  std::vector<uint64_t> expected;
  for (int read = 0; read < 300; ++read) {
    std::vector<uint64_t> listed;
    const uint64_t length = random() % 40;
    // Few keys, so that lists share some; 0 is one of them, and half differ in their highest bits alone.
    for (uint64_t i = 0; i < length; ++i) listed.push_back((random() % 2 << 63) | random() % 20);
    const auto is_in = [](const std::vector<uint64_t>& keys, uint64_t key) {
      return std::find(keys.begin(), keys.end(), key) != keys.end();
    };
    std::vector<uint64_t> now;
    for (const uint64_t key : expected) {
      if (is_in(listed, key)) now.push_back(key);
    }
    for (const uint64_t key : listed) {
      if (!is_in(now, key)) now.push_back(key);
    }

    CHECK(rows.Track(listed) == (now != expected));
    expected = now;
    REQUIRE(rows.size() == expected.size());
    for (size_t row = 0; row < expected.size(); ++row) {
      const auto first = std::find(listed.begin(), listed.end(), expected[row]);
      CHECK(rows.listed(row) == static_cast<size_t>(first - listed.begin()));
    }
  }
}

TEST_CASE("Only the rows that changed are written over the read before, and all of these") {
  SampleRows rows;
  rows.Track({1, 2, 3});
  for (size_t row = 0; row < 3; ++row) Read(&rows, row, 0, 0);
  for (const int ms : {3000, 6000}) {  // by then all are still
    rows.Track({1, 2, 3});
    for (size_t row = 0; row < 3; ++row) Read(&rows, row, 0, ms);
  }
  std::vector<uint64_t> kept(size_t{3} * ipvs::kSampleCounterColumns, 99);
  rows.Track({1, 2, 3});
  Read(&rows, 0, 0, 7000);
  Read(&rows, 1, 5, 7000);
  Read(&rows, 2, 0, 7000);
  rows.WriteCounters(reinterpret_cast<uint8_t*>(kept.data()), false);
  for (unsigned column = 0; column < ipvs::kSampleCounterColumns; ++column) {
    CHECK(kept[column * 3 + 0] == 99);
    CHECK(kept[column * 3 + 1] == 5);
    CHECK(kept[column * 3 + 2] == 99);
  }
}

TEST_CASE("Each of the five counters has a delta and a rate of its own") {
  SampleRows rows = OneRow();
  rows.Track({1});
  uint64_t counters[ipvs::kCounters] = {2, 4, 6, 8, 10, 1000, 1000, 1000, 1000, 1000};
  rows.Read(0, counters, SampleRows::Time(std::chrono::hours(1) + milliseconds(1000)));
  for (unsigned column = 0; column < ipvs::kSampleCounterColumns; ++column) {
    CHECK(Delta(rows, 0, column) == 2 * (column + 1));
    CHECK(Rate(rows, 0, column) == column + 1);
  }
}

TEST_CASE("Rows move up when one before them goes, with all that is known of them") {
  SampleRows rows;
  rows.Track({10, 20});
  Read(&rows, 0, 0, 0);
  Read(&rows, 1, 0, 3000);
  CHECK(rows.Track({20}));
  REQUIRE(rows.size() == 1);
  CHECK(rows.listed(0) == 0);
  Read(&rows, 0, 400, 7000);
  CHECK(Delta(rows, 0) == 400);
  CHECK(Rate(rows, 0) == 100);  // in the four seconds since its own last read
}

TEST_CASE("A row that was still and then moved has no delta in the read after that") {
  SampleRows rows = OneRow();
  rows.Track({1});
  Read(&rows, 0, 0, 3000);
  Read(&rows, 0, 0, 6000);
  Read(&rows, 0, 5, 7000);
  CHECK(Delta(rows, 0) == 5);
  Read(&rows, 0, 5, 7100);
  CHECK(Delta(rows, 0) == 0);
  CHECK(Rate(rows, 0) == 2.5);
}

#include "native/table/sample_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <random>

#include "test/native/test.h"

using ipvs::SampleRows;
using std::chrono::milliseconds;

namespace {

SampleRows::Time At(int ms) {
  return SampleRows::Time(std::chrono::hours(1) + milliseconds(ms));
}

// Rows of keys, and reads of them whose counters are all the same number.
class Sampled {
 public:
  explicit Sampled(uint32_t parts = ipvs::kSampleColumnParts) : parts_(parts) {}

  // Reads the listed keys with the count of each, `ms` after the clock's start. True if the rows are others.
  bool Read(const std::vector<uint64_t>& keys, const std::vector<uint64_t>& counts, int ms, int lasts = 0) {
    Start(keys, counts, ms, lasts);
    return rows.End();
  }
  // The same of a read that breaks off.
  void ReadInPart(const std::vector<uint64_t>& keys, const std::vector<uint64_t>& counts, int ms) {
    Start(keys, counts, ms, 0);
    rows.Abandon();
  }
  // The same of a table of one row.
  void ReadOne(uint64_t count, int ms, int lasts = 0) { Read({1}, {count}, ms, lasts); }

  uint64_t Counter(size_t row, unsigned column = 0) const { return rows.columns().counter(column, row); }
  double Delta(size_t row, unsigned column = 0) const { return rows.columns().delta(column, row); }
  double Rate(size_t row, unsigned column = 0) const { return rows.columns().rate(column, row); }

  SampleRows rows = SampleRows(1);
  const void* held = nullptr;

 private:
  void Start(const std::vector<uint64_t>& keys, const std::vector<uint64_t>& counts, int ms, int lasts) {
    rows.Begin(parts_, held);
    for (size_t i = 0; i < keys.size(); ++i) {
      uint64_t counters[ipvs::kSampleCounterColumns];
      for (uint64_t& counter : counters) counter = counts[i];
      const uint32_t row = rows.Next(keys[i]);
      if (row != SampleRows::kNoRow) rows.Read(row, counters, {At(ms), At(ms + lasts)});
    }
  }

  const uint32_t parts_;
};

// A table of one row, which was read with 0 at the clock's start.
Sampled OneRow() {
  Sampled sampled;
  sampled.ReadOne(0, 0);
  return sampled;
}

}  // namespace

TEST_CASE("A row's rate is unknown until its counters were read twice") {
  Sampled rows = OneRow();
  CHECK(std::isnan(rows.Rate(0)));
  CHECK(rows.Delta(0) == 0);
  rows.ReadOne(0, 500);  // a refresh is not due yet
  CHECK(std::isnan(rows.Rate(0)));
}

TEST_CASE(
    "Between two reads less than two seconds apart, what came is divided by the two seconds of a refresh") {
  Sampled rows = OneRow();
  rows.ReadOne(1000, 100);
  CHECK(rows.Rate(0) == 500);
  CHECK(rows.Delta(0) == 1000);
  CHECK(rows.Counter(0) == 1000);
}

TEST_CASE("A rate holds until the next refresh is due, and is 0 when that brought nothing") {
  Sampled rows = OneRow();
  rows.ReadOne(1000, 100);
  rows.ReadOne(1000, 2300);
  CHECK(rows.Rate(0) == 500);
  CHECK(rows.Delta(0) == 0);
  rows.ReadOne(1000, 2500);
  CHECK(rows.Rate(0) == 0);
}

TEST_CASE("Rates of reads further apart are smoothed over eight seconds") {
  Sampled rows = OneRow();
  rows.ReadOne(4000, 4000);
  CHECK(rows.Rate(0) == 1000);  // the first one as it is
  rows.ReadOne(12000, 8000);    // 2000 a second, for half of the eight seconds
  CHECK(rows.Rate(0) == 1500);
  rows.ReadOne(44000, 24000);  // 2000 a second, for longer than eight seconds
  CHECK(rows.Rate(0) == 2000);
}

TEST_CASE("A rate that was 0 is not smoothed") {
  Sampled rows = OneRow();
  rows.ReadOne(0, 4000);
  CHECK(rows.Rate(0) == 0);
  rows.ReadOne(8000, 8000);
  CHECK(rows.Rate(0) == 2000);
}

TEST_CASE("A counter that fell was zeroed, and what it shows came since") {
  Sampled rows = OneRow();
  rows.ReadOne(1000, 1000);
  rows.ReadOne(10, 2000);
  CHECK(rows.Delta(0) == 10);
  CHECK(rows.Rate(0) == 5);
}

TEST_CASE("Rows keep their order when others go, leave no gap, and new ones come last without a past") {
  Sampled sampled;
  CHECK(sampled.Read({10, 20, 30}, {0, 0, 0}, 0));
  CHECK_FALSE(sampled.Read({30, 10, 20}, {300, 100, 200}, 100));  // the kernel's order alone
  CHECK(sampled.rows.row_at(0) == 2);
  CHECK(sampled.rows.row_at(1) == 0);
  CHECK(sampled.rows.row_at(2) == 1);
  CHECK(sampled.rows.stayed().empty());

  CHECK(sampled.Read({40, 30, 10}, {7, 330, 110}, 200));
  REQUIRE(sampled.rows.size() == 3);
  CHECK(sampled.rows.row_at(0) == 2);  // 40
  CHECK(sampled.rows.row_at(1) == 1);  // 30
  CHECK(sampled.rows.row_at(2) == 0);  // 10
  CHECK(sampled.rows.stayed() == std::vector<uint32_t>{0, 2, 3});
  CHECK(sampled.Delta(0) == 10);
  CHECK(sampled.Delta(1) == 30);
  CHECK(sampled.Delta(2) == 0);
  CHECK(std::isnan(sampled.Rate(2)));
  CHECK(sampled.Counter(2) == 7);
}

TEST_CASE(
    "Any lists in a row leave the rows, and what is known of them, that a search through all of them finds") {
  std::mt19937_64 random(17);
  Sampled sampled;
  std::vector<uint64_t> expected;
  std::map<uint64_t, uint64_t> counts;  // by the keys of `expected`, at the last read that was whole
  for (int read = 0; read < 600; ++read) {
    // Few keys, so that lists share some; 0 is one of them, and half differ in their highest bits alone. Now
    // and then the list before, and one that lacks its end.
    std::vector<uint64_t> listed = expected;
    if (random() % 4 != 0) {
      listed.clear();
      for (uint64_t i = random() % 40; i > 0; --i) listed.push_back((random() % 2 << 63) | random() % 20);
      std::sort(listed.begin(), listed.end());
      listed.erase(std::unique(listed.begin(), listed.end()), listed.end());
      std::shuffle(listed.begin(), listed.end(), random);
    } else if (random() % 2 == 0) {
      listed.resize(random() % (listed.size() + 1));
    }
    std::vector<uint64_t> read_now;
    for (size_t i = 0; i < listed.size(); ++i)
      read_now.push_back(static_cast<uint64_t>(read) * 7 + random() % 3);
    if (random() % 5 == 0) {
      sampled.ReadInPart(listed, read_now, read * 10);
      continue;
    }
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

    CHECK(sampled.Read(listed, read_now, read * 10) == (now != expected));
    expected = now;
    REQUIRE(sampled.rows.size() == expected.size());
    std::map<uint64_t, uint64_t> counts_now;
    for (size_t place = 0; place < listed.size(); ++place) {
      const auto row =
          static_cast<size_t>(std::find(expected.begin(), expected.end(), listed[place]) - expected.begin());
      CHECK(sampled.rows.row_at(place) == row);
      CHECK(sampled.Counter(row) == read_now[place]);
      const auto before = counts.find(listed[place]);
      CHECK(sampled.Delta(row, 4) ==
            (before == counts.end() ? 0 : static_cast<double>(read_now[place] - before->second)));
      counts_now[listed[place]] = read_now[place];
    }
    counts = counts_now;
  }
}

TEST_CASE("A read that may have begun a second refresh is smoothed as those that are further apart") {
  Sampled rows = OneRow();
  rows.ReadOne(2000, 4000);
  CHECK(rows.Rate(0) == 500);
  rows.ReadOne(6000, 5900, 50);  // the kernel's answer came 1950 ms after the question before
  CHECK(rows.Rate(0) == 2000);
  Sampled slow = OneRow();
  slow.ReadOne(2000, 4000);
  slow.ReadOne(6000, 5900, 200);  // 2100 ms: two refreshes may be in it
  CHECK(slow.Rate(0) > 500);
  CHECK(slow.Rate(0) < 1000);
}

TEST_CASE("A refresh that came while a row was read slowly is not overdue too soon") {
  Sampled rows = OneRow();
  rows.ReadOne(1000, 100, 1000);  // until 1100
  rows.ReadOne(1000, 3300);
  CHECK(rows.Rate(0) == 500);
  rows.ReadOne(1000, 3500);
  CHECK(rows.Rate(0) == 0);
}

TEST_CASE("Each of the five counters has a delta and a rate of its own") {
  Sampled sampled = OneRow();
  const uint64_t counters[ipvs::kSampleCounterColumns] = {2, 4, 6, 8, 10};
  sampled.rows.Begin(ipvs::kSampleColumnParts, nullptr);
  sampled.rows.Read(sampled.rows.Next(1), counters, {At(1000), At(1000)});
  sampled.rows.End();
  for (unsigned column = 0; column < ipvs::kSampleCounterColumns; ++column) {
    CHECK(sampled.Counter(0, column) == 2 * (column + 1));
    CHECK(sampled.Delta(0, column) == 2 * (column + 1));
    CHECK(sampled.Rate(0, column) == column + 1);
  }
}

TEST_CASE("A counter that stands still beside one that moves has the rate 0 at once") {
  Sampled sampled = OneRow();
  sampled.ReadOne(1000, 4000);
  CHECK(sampled.Rate(0, 1) == 250);
  const uint64_t counters[ipvs::kSampleCounterColumns] = {5000, 1000, 1000, 1000, 1000};
  sampled.rows.Begin(ipvs::kSampleColumnParts, nullptr);
  sampled.rows.Read(sampled.rows.Next(1), counters, {At(8000), At(8000)});
  sampled.rows.End();
  CHECK(sampled.Rate(0) > 250);
  CHECK(sampled.Rate(0, 1) == 0);
}

TEST_CASE("A row that a list has twice is read once") {
  Sampled sampled;
  sampled.Read({10, 20}, {0, 0}, 0);
  CHECK_FALSE(sampled.Read({10, 10, 20}, {7, 9, 5}, 100));
  CHECK(sampled.rows.size() == 2);
  CHECK(sampled.rows.row_at(0) == 0);
  CHECK(sampled.rows.row_at(1) == SampleRows::kNoRow);
  CHECK(sampled.rows.row_at(2) == 1);
  CHECK(sampled.Delta(0) == 7);
  CHECK(sampled.Delta(1) == 5);
  CHECK(sampled.Read({10, 10}, {8, 9}, 200));  // and is not kept for the second time that it goes
  CHECK(sampled.rows.size() == 1);
  CHECK(sampled.Delta(0) == 1);
}

TEST_CASE("Rows move up when one before them goes, with all that is known of them") {
  Sampled sampled;
  const uint64_t none[ipvs::kSampleCounterColumns] = {};
  sampled.rows.Begin(ipvs::kSampleColumnParts, nullptr);
  sampled.rows.Read(sampled.rows.Next(10), none, {At(0), At(0)});
  sampled.rows.Read(sampled.rows.Next(20), none, {At(3000), At(3000)});
  sampled.rows.SetWord(0, 1, 5);
  CHECK(sampled.rows.End());
  CHECK(sampled.Read({20}, {400}, 7000));
  REQUIRE(sampled.rows.size() == 1);
  CHECK(sampled.rows.row_at(0) == 0);
  CHECK(sampled.Delta(0) == 400);
  CHECK(sampled.Rate(0) == 100);  // in the four seconds since its own last read
  CHECK(sampled.rows.columns().word(0, 0) == 5);
  sampled.Read({20}, {800}, 11000);
  CHECK(sampled.Rate(0) == 100);  // in the four seconds since that one
}

TEST_CASE(
    "What a read saw that broke off is in the next delta, with what came since, and new rows are new again") {
  Sampled sampled;
  sampled.Read({10, 20}, {0, 0}, 0);
  sampled.ReadInPart({30, 10}, {5, 100}, 500);
  sampled.ReadInPart({10}, {110}, 600);
  CHECK(sampled.rows.size() == 2);
  CHECK(sampled.Read({30, 10, 20}, {9, 130, 7}, 1000));
  CHECK(sampled.Delta(0) == 130);
  CHECK(sampled.Delta(1) == 7);
  CHECK(sampled.Delta(2) == 0);
  CHECK_FALSE(sampled.Read({30, 10, 20}, {9, 130, 7}, 1100));
  CHECK(sampled.Delta(0) == 0);
  CHECK(sampled.Delta(1) == 0);
}

TEST_CASE("A row that a broken read saw move and that stands since keeps its delta for one read") {
  Sampled rows = OneRow();
  rows.ReadInPart({1}, {40}, 1000);
  rows.ReadOne(40, 9000);  // long after a refresh was due
  CHECK(rows.Delta(0) == 40);
  CHECK(rows.Rate(0) == 0);
  rows.ReadOne(40, 9100);
  CHECK(rows.Delta(0) == 0);
}

TEST_CASE("Memory that another holds is left alone, and what is known goes on in other memory") {
  Sampled sampled;
  sampled.Read({1, 2, 3}, {10, 20, 30}, 0);
  const ipvs::SampleBlock first = sampled.rows.columns().Share(nullptr);
  CHECK_FALSE(first.same);
  sampled.held = first.data.get();
  sampled.Read({1, 2, 3}, {10, 25, 30}, 100);
  CHECK(sampled.rows.columns().Share(first.data.get()).same);
  uint64_t written = 0;
  std::memcpy(&written, first.data.get() + sizeof written, sizeof written);
  CHECK(written == 25);
  sampled.held = nullptr;
  sampled.Read({1, 2, 3}, {10, 29, 30}, 200);
  std::memcpy(&written, first.data.get() + sizeof written, sizeof written);
  CHECK(written == 25);
  CHECK(sampled.Counter(1) == 29);
  CHECK(sampled.Delta(1) == 4);
  CHECK_FALSE(sampled.rows.columns().Share(first.data.get()).same);
}

TEST_CASE("Without counters or rates among the columns deltas are the same") {
  for (const uint32_t parts : {uint32_t{ipvs::kSampleDeltas}, ipvs::kSampleDeltas | ipvs::kSampleRates}) {
    Sampled sampled(parts);
    sampled.Read({1, 2}, {10, 20}, 0);
    sampled.Read({2}, {25}, 1000);
    const ipvs::SampleBlock copy = sampled.rows.columns().Copy();
    CHECK(copy.rows == 1);
    CHECK(copy.bytes == (parts == ipvs::kSampleDeltas ? 5 : 10) * sizeof(double) + sizeof(uint32_t));
    double delta = 0;
    std::memcpy(&delta, copy.data.get(), sizeof delta);
    CHECK(delta == 5);
  }
}

TEST_CASE("A row that was still and then moved has no delta in the read after that") {
  Sampled rows = OneRow();
  rows.ReadOne(0, 3000);
  rows.ReadOne(0, 6000);
  rows.ReadOne(5, 7000);
  CHECK(rows.Delta(0) == 5);
  rows.ReadOne(5, 7100);
  CHECK(rows.Delta(0) == 0);
  CHECK(rows.Rate(0) == 2.5);
}

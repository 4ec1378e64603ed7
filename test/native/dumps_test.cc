// The reception of dumps: by which sockets, in which chunks, and what their ends show.
#include "test/native/dumps.h"

#include <cerrno>
#include <numeric>

#include "test/native/calls.h"
#include "test/native/scripted_kernel.h"
#include "test/native/test.h"

using ipvs::Connection;

namespace {

constexpr size_t kRowBytes = NLMSG_HDRLEN + GENL_HDRLEN;

// The number of rows that fill a datagram up to `bytes` bytes.
int RowsOf(size_t bytes) {
  return static_cast<int>(bytes / kRowBytes);
}

std::vector<size_t> Sizes(size_t count, size_t size) {
  return std::vector<size_t>(count, size);
}

}  // namespace

TEST_CASE("A long dump of unknown length comes in larger chunks after eight of each size") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  REQUIRE(connection.Ready() == ipvs::kOk);
  kernel.receive_sizes.clear();
  kernel.On(RowsIn(std::vector<int>(30, 5)));
  const Dumped dumped = Dump(&connection);
  CHECK(dumped.rows == 150);
  CHECK(dumped.shape.ends.size() == 30);
  std::vector<size_t> expected;
  for (const auto& [count, size] : {std::pair<size_t, size_t>{8, 3776}, {8, 7872}, {8, 16064}, {7, 32448}}) {
    const std::vector<size_t> part = Sizes(count, size);
    expected.insert(expected.end(), part.begin(), part.end());
  }
  CHECK(kernel.receive_sizes == expected);
}

TEST_CASE("A socket whose chunks grew serves dumps of its new size, and those of the old one have another") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.OnEverySend(RowsIn({1}));
  kernel.On(RowsIn(std::vector<int>(9, 1)));
  Dump(&connection);  // ends with chunks of the second size
  const size_t grown = kernel.sent.back().socket;
  CHECK(Dump(&connection, {1, false}).rows == 1);
  CHECK(kernel.sent.back().socket == grown);
  CHECK(Dump(&connection).rows == 1);
  CHECK(kernel.sent.back().socket != grown);

  // A socket of the second size exists already, so that the growing one is closed.
  const int closed = kernel.sockets_closed;
  kernel.On(RowsIn(std::vector<int>(9, 1)));
  Dump(&connection);
  CHECK(kernel.sockets_closed == closed + 1);
  CHECK(Dump(&connection, {1, false}).rows == 1);
  CHECK(kernel.sent.back().socket == grown);
}

TEST_CASE("A dump by a fresh socket leaves the one that was there") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.OnEverySend(RowsIn({1}));
  CHECK(Dump(&connection).shape.fresh);
  CHECK_FALSE(Dump(&connection).shape.fresh);
  const size_t first = kernel.sent.back().socket;
  CHECK(Dump(&connection, {0, true}).shape.fresh);
  CHECK(kernel.sent.back().socket != first);
}

TEST_CASE("A dump may have been cut off where its last chunk had no room for one more row") {
  struct Case {
    size_t chunk;
    int rows;
    bool fresh;  // the socket never received: its first chunk is a page
    bool full;
  };
  const Case cases[] = {
      {0, RowsOf(3776 - 400), true, false},
      {0, RowsOf(3776 - 380), true, true},
      {0, RowsOf(3776), true, true},
      // A fresh socket's first chunk has room for a page, whatever its receives are like.
      {3, RowsOf(3776 - 400), true, false},
      {3, RowsOf(3776), true, true},
      {3, RowsOf(32448), false, true},
      {3, RowsOf(32448 - 400), false, false},
      // Where memory is short the kernel takes one page, of 4 KiB or more.
      {3, RowsOf(3776), false, true},
      {3, RowsOf(7872), false, true},
      {2, RowsOf(7872), false, true},
      {3, RowsOf(5000), false, false},
      // The kernel always finds two pages in a row.
      {1, RowsOf(7872), false, true},
      {1, RowsOf(3776), false, false},
  };
  for (const Case& one : cases) {
    ScriptedKernel kernel;
    Connection connection({}, kernel.link());
    kernel.OnEverySend(RowsIn({one.rows}));
    if (!one.fresh) Dump(&connection, {one.chunk, false});
    const Dumped dumped = Dump(&connection, {one.chunk, false});
    CAPTURE(one.chunk);
    CAPTURE(one.rows);
    CHECK(dumped.rows == one.rows);
    CHECK(dumped.shape.full == one.full);
  }
}

TEST_CASE("After a receive longer than any chunk the kernel still makes none longer than 32,448 bytes") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.On(RowsIn({RowsOf(40000)}));  // does not fit: receives have room for 65,536 bytes from then on
  kernel.OnEverySend(RowsIn({RowsOf(32448)}));
  CHECK(Dump(&connection, {3, false}).rows == RowsOf(32448));
  CHECK(kernel.receive_sizes.back() == 65536);
  CHECK(Dump(&connection, {3, false}).shape.full);
}

TEST_CASE("A dump with a datagram that did not fit is received to its end before it is begun again") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  REQUIRE(connection.Ready() == ipvs::kOk);
  const size_t received = kernel.receive_sizes.size();
  kernel.On(RowsIn({RowsOf(5000), 1, 1})).On([&](const Sent& sent) {
    CHECK(kernel.receive_sizes.size() == received + 4);  // three chunks and the end
    return RowsIn({7})(sent);
  });
  const Dumped dumped = Dump(&connection);
  CHECK(dumped.status == ipvs::kOk);
  CHECK(dumped.rows == 7);
  CHECK(dumped.shape.ends == std::vector<size_t>{7});
  // On the same socket, which an unfinished dump would block (EBUSY).
  CHECK(kernel.sent[0].socket == kernel.sent[1].socket);
  CHECK(kernel.sockets_closed == 0);
}

TEST_CASE("A dump that never fits is EMSGSIZE") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.OnEverySend(RowsIn({RowsOf(70000)}));
  CHECK(Dump(&connection).status == EMSGSIZE);
  CHECK(kernel.sent.size() == 2);
}

TEST_CASE("Messages that hold no row are not counted where chunks end") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.On(RowsIn({3, 2}));
  ipvs::DumpShape shape;
  int seen = 0;
  const auto take = [&](const nlmsghdr*) { return ++seen == 4; };
  CHECK(connection.Dump(
            {}, ipvs::kGetService, {}, nullptr, [] {}, take, &shape) == ipvs::kOk);
  CHECK(seen == 5);
  CHECK(shape.ends == std::vector<size_t>{1});
}

TEST_CASE("The size class of a dump is the smallest that holds what is expected") {
  CHECK(Connection::FittingChunk(0) == 0);
  CHECK(Connection::FittingChunk(3776) == 0);
  CHECK(Connection::FittingChunk(3777) == 1);
  CHECK(Connection::FittingChunk(7872) == 1);
  CHECK(Connection::FittingChunk(16064) == 2);
  CHECK(Connection::FittingChunk(16065) == 3);
  CHECK(Connection::FittingChunk(1 << 30) == 3);
}

// Answers that do not arrive: a read is asked again, a write is not.
#include <atomic>
#include <cerrno>

#include "test/native/calls.h"
#include "test/native/dumps.h"
#include "test/native/scripted_kernel.h"
#include "test/native/test.h"

using ipvs::Connection;
using ipvs::LocalFailure;

namespace {

ScriptedKernel::Turn Losing(int error = ENOBUFS) {
  return [=](const Sent&) { return Answer().ThenFail(error); };
}

}  // namespace

TEST_CASE("A question whose answer is lost is asked again on another socket") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.On(Losing()).On(Losing());
  kernel.On([](const Sent& sent) { return Answer().Then(Datagram().Row(sent.sequence(), Attributes())); });
  CHECK(AskFor(&connection, 1) == ipvs::kOk);
  CHECK(kernel.sent[0].socket != kernel.sent[1].socket);
  CHECK(kernel.sent[1].socket != kernel.sent[2].socket);
}

TEST_CASE("A question whose answer is lost each time is given up after the third, and told as no answer") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.OnEverySend(Losing());
  CHECK(AskFor(&connection, 1) == LocalFailure(ENOBUFS));
  CHECK(kernel.sent.size() == 3);
}

TEST_CASE("A question that is not answered in time is asked once more") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.OnEverySend([](const Sent&) { return Answer(); });
  CHECK(AskFor(&connection, 1) == LocalFailure(ETIMEDOUT));
  CHECK(kernel.sent.size() == 2);
}

TEST_CASE("A question whose answer is lost while ip_vs is being unloaded is given up all the same") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  const ScriptedKernel::Turn leaving = Refusing({EPROTONOSUPPORT});
  kernel.On(leaving).On(leaving).On(leaving).On(leaving).On(Losing());
  kernel.OnEverySend(leaving);
  CHECK(AskFor(&connection, 1) == EPROTONOSUPPORT);
  CHECK(kernel.sent.size() == 6);
}

TEST_CASE("A list whose answer is lost in the middle is read from the start again") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.On([](const Sent& sent) {
    return Answer().Then(Datagram().Row(sent.sequence(), Attributes())).ThenFail(ENOBUFS);
  });
  kernel.On(RowsIn({2, 1}));
  const Dumped dumped = Dump(&connection);
  CHECK(dumped.status == ipvs::kOk);
  CHECK(dumped.rows == 3);
  CHECK(dumped.shape.ends == std::vector<size_t>{2, 3});
}

TEST_CASE("A write whose answer is lost is not made again, and is no success") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  REQUIRE(connection.Ready() == ipvs::kOk);
  kernel.On(Losing());
  CHECK(connection.Write(CallAbout(ipvs::kNewDest, 1)) == ipvs::kOutcomeUnknown);
  kernel.On(Losing());
  CHECK(Execute(&connection, {CallAbout(ipvs::kNewDest, 1)}) == std::vector<int>{ipvs::kOutcomeUnknown});
  CHECK(kernel.sent.size() == 2);
  CHECK(kernel.sent[0].socket != kernel.sent[1].socket);
}

TEST_CASE("A write that could not be sent has no effect and says so") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  REQUIRE(connection.Ready() == ipvs::kOk);
  kernel.OnEverySend([](const Sent&) { return Answer::Refuse(ENOBUFS); });
  CHECK(connection.Write(CallAbout(ipvs::kNewDest, 1)) == LocalFailure(ENOBUFS));
  CHECK(Execute(&connection, {CallAbout(ipvs::kNewDest, 1)}) == std::vector<int>{LocalFailure(ENOBUFS)});
}

TEST_CASE("A read that is given up ends within a chunk, and leaves its socket") {
  ScriptedKernel kernel;
  std::atomic<bool> interrupted = false;
  Connection connection({}, kernel.link());
  kernel.On([&](const Sent& sent) {
    interrupted = true;
    return RowsIn(std::vector<int>(100, 10))(sent);
  });
  CHECK(Dump(&connection, {}, &interrupted).status == ipvs::kCancelled);
  CHECK(kernel.receive_sizes.size() <= 2);
  CHECK(kernel.sockets_closed == 1);
  interrupted = false;
  kernel.On(RowsIn({1}));
  CHECK(Dump(&connection, {}, &interrupted).rows == 1);
}

TEST_CASE("Where a page is larger than the buffer the list is read again, and later sockets begin larger") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  // 20 bytes a row: more than 3,776 bytes in one datagram.
  kernel.OnEverySend(RowsIn({300}));
  CHECK(Dump(&connection).rows == 300);
  CHECK(kernel.sent.size() == 2);
  CHECK(Dump(&connection, {0, true}).rows == 300);
  CHECK(kernel.sent.size() == 3);
}

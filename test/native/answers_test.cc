// Answers that are not what was asked for: of earlier calls, of programs that lie, cut off, or none at all.
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>

#include "native/codec/decode.h"
#include "native/table/table_reader.h"
#include "test/native/calls.h"
#include "test/native/rows.h"
#include "test/native/scripted_kernel.h"
#include "test/native/test.h"

using ipvs::Connection;

namespace {

// A datagram with the start of another one, of which `length` bytes are left.
Datagram CutOff(const Datagram& whole, size_t length) {
  return Datagram().Raw({whole.bytes().begin(), whole.bytes().begin() + static_cast<ptrdiff_t>(length)});
}

// An ack with an error that no kernel writes.
Datagram StrangeAck(uint32_t sequence, int32_t error) {
  Bytes payload;
  Append(&payload, &error, sizeof error);
  return Datagram().Put(sequence, NLMSG_ERROR, payload);
}

// A connection whose family is known.
struct Client {
  explicit Client(ScriptedKernel* kernel) : connection({}, kernel->link()) {
    REQUIRE(connection.Ready() == ipvs::kOk);
  }
  Connection connection;
};

}  // namespace

TEST_CASE("An inline write that the kernel is silent about has succeeded, without a wait") {
  ScriptedKernel kernel;
  Client client(&kernel);
  kernel.On([](const Sent& sent) {
    CHECK(sent.requests[0].header.nlmsg_flags == NLM_F_REQUEST);
    return Answer();
  });
  CHECK(client.connection.Write(CallAbout(ipvs::kNewDest, 1)) == ipvs::kOk);
  CHECK(kernel.waits_ms.empty());
}

TEST_CASE("An inline write has its own error, not that of an earlier call whose answer comes late") {
  ScriptedKernel kernel;
  Client client(&kernel);
  kernel.On([](const Sent& sent) {
    return Answer()
        .Then(Datagram().Ack(sent.sequence() - 1, EEXIST))
        .Then(Datagram().Ack(sent.sequence(), ENOENT))
        .Then(Datagram().Ack(sent.sequence() - 1, EINVAL));
  });
  CHECK(client.connection.Write(CallAbout(ipvs::kDelDest, 1)) == ENOENT);
  kernel.On([](const Sent& sent) { return Answer().Then(Datagram().Ack(sent.sequence() - 1, EEXIST)); });
  CHECK(client.connection.Write(CallAbout(ipvs::kDelDest, 1)) == ipvs::kOk);
}

TEST_CASE("A batch ignores answers to earlier calls, rows, and an ack of what it has not sent") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.On([](const Sent& sent) {
    return Answer()
        .Then(Datagram().Ack(sent.sequence(0) - 1, EEXIST))
        .Then(Datagram().Ack(sent.sequence(2) + 1, EINVAL))
        .Then(Datagram().Row(sent.sequence(1), ServiceRow(80)))
        .Then(Datagram().Ack(sent.sequence(0), ESRCH).Ack(sent.sequence(2), 0).Ack(sent.sequence(0), ESRCH));
  });
  CHECK(Execute(&connection, {CallAbout(ipvs::kDelService, 1), CallAbout(ipvs::kDelService, 2),
                              CallAbout(ipvs::kDelService, 3)}) == std::vector<int>{ESRCH, 0, 0});
  CHECK(kernel.waits_ms.empty());
}

TEST_CASE("A question ignores answers to earlier ones, also in the datagram of its own answer") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.On([](const Sent& sent) {
    return Answer()
        .Then(Datagram().Ack(sent.sequence() - 1, ESRCH))
        .Then(Datagram().Row(sent.sequence() - 1, ServiceRow(1)).Row(sent.sequence(), ServiceRow(2)));
  });
  uint32_t port = 0;
  const int status =
      connection.Ask(CallAbout(ipvs::kGetService, 1), ipvs::kGetService, [&](const nlmsghdr* message) {
        ipvs::ServiceRow row = {};
        const bool found = ipvs::DecodeService(message, &row);
        port = row.config.port;
        return found;
      });
  CHECK(status == ipvs::kOk);
  CHECK(port == 2);
}

TEST_CASE("A dump takes only its own rows, and ends with its own end or error") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  std::atomic<bool> interrupted = false;
  ipvs::TableReader reader(&connection, &interrupted);
  kernel.On([](const Sent& sent) {
    return Answer()
        .Then(Datagram().Row(sent.sequence() - 1, ServiceRow(1)).Done(sent.sequence() - 1))
        .Then(Datagram().Row(sent.sequence(), ServiceRow(2)))
        .Then(Datagram().Done(sent.sequence()));
  });
  std::vector<ipvs::ServiceRow> rows;
  REQUIRE(reader.Services(ipvs::WhenTorn::kFail, &rows) == ipvs::kOk);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].config.port == 2);

  kernel.On([](const Sent& sent) {
    return Answer()
        .Then(Datagram().Row(sent.sequence(), ServiceRow(2)))
        .Then(Datagram().Done(sent.sequence(), EIO));
  });
  CHECK(reader.Services(ipvs::WhenTorn::kFail, &rows) == EIO);
  kernel.On([](const Sent& sent) { return Answer().Then(Datagram().Ack(sent.sequence(), EPERM)); });
  CHECK(reader.Services(ipvs::WhenTorn::kFail, &rows) == EPERM);
}

TEST_CASE("An ack that is cut off or has no errno in it is no success") {
  const int32_t strange[] = {1, INT_MAX, INT_MIN, -4096};
  for (const int32_t error : strange) {
    ScriptedKernel kernel;
    Client client(&kernel);
    CAPTURE(error);
    kernel.OnEverySend([&](const Sent& sent) { return Answer().Then(StrangeAck(sent.sequence(), error)); });
    CHECK(client.connection.Write(CallAbout(ipvs::kNewDest, 1)) == EBADMSG);
    CHECK(Execute(&client.connection, {CallAbout(ipvs::kNewDest, 1)}) == std::vector<int>{EBADMSG});
    CHECK(AskFor(&client.connection, 1) == EBADMSG);
  }
  ScriptedKernel kernel;
  Client client(&kernel);
  kernel.OnEverySend([](const Sent& sent) {
    return Answer().Then(Datagram().Put(sent.sequence(), NLMSG_ERROR, {0, 0}));
  });
  CHECK(client.connection.Write(CallAbout(ipvs::kNewDest, 1)) == EBADMSG);
  CHECK(Execute(&client.connection, {CallAbout(ipvs::kNewDest, 1)}) == std::vector<int>{EBADMSG});
  kernel.OnEverySend(
      [](const Sent& sent) { return Answer().Then(Datagram().Put(sent.sequence(), NLMSG_DONE, {})); });
  std::atomic<bool> interrupted = false;
  std::vector<ipvs::ServiceRow> rows;
  CHECK(ipvs::TableReader(&client.connection, &interrupted).Services(ipvs::WhenTorn::kFail, &rows) ==
        EBADMSG);
}

TEST_CASE("A question about one object that is answered without it fails, and leaves no row") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  std::atomic<bool> interrupted = false;
  ipvs::TableReader reader(&connection, &interrupted);
  kernel.OnEverySend(
      [](const Sent& sent) { return Answer().Then(Datagram().Row(sent.sequence(), Attributes())); });
  ipvs::ServiceRow row = {};
  CHECK(reader.Service(CallAbout(ipvs::kGetService, 1).service, &row) == EBADMSG);
  CHECK(row.key == 0);
}

TEST_CASE("An ack of success is no answer to a question, and no whole list") {
  ScriptedKernel kernel;
  Client client(&kernel);
  const ScriptedKernel::Turn acked = [](const Sent& sent) {
    return Answer().Then(Datagram().Ack(sent.sequence(), 0));
  };
  kernel.On(acked);
  CHECK(AskFor(&client.connection, 1) == EBADMSG);
  kernel.On(acked);
  const std::atomic<bool> interrupted = false;
  ipvs::TableReader reader(&client.connection, &interrupted);
  std::vector<ipvs::ServiceRow> rows;
  CHECK(reader.Services(ipvs::WhenTorn::kFail, &rows) == EBADMSG);

  ScriptedKernel other;
  Connection connection({}, other.link());
  other.OnFamily(acked);
  CHECK(connection.Ready() == ipvs::LocalFailure(EBADMSG));
}

TEST_CASE("A list is only told as given up where its client gave it up, whatever errno a receive has") {
  ScriptedKernel kernel;
  Client client(&kernel);
  kernel.On([](const Sent&) { return Answer().ThenFail(ECANCELED); });
  const std::atomic<bool> interrupted = false;
  ipvs::TableReader reader(&client.connection, &interrupted);
  std::vector<ipvs::ServiceRow> rows;
  CHECK(reader.Services(ipvs::WhenTorn::kFail, &rows) == ipvs::LocalFailure(ECANCELED));
}

TEST_CASE("A datagram whose lengths are impossible is given up from there on, and so is its call") {
  for (size_t length = 0; length < NLMSG_LENGTH(sizeof(nlmsgerr)); ++length) {
    ScriptedKernel kernel;
    Connection connection({}, kernel.link());
    kernel.On(
        [&](const Sent& sent) { return Answer().Then(CutOff(Datagram().Ack(sent.sequence(), 0), length)); });
    CAPTURE(length);
    CHECK(Execute(&connection, {CallAbout(ipvs::kNewDest, 1)}) == std::vector<int>{ipvs::kOutcomeUnknown});
  }
  for (const uint32_t told : {0U, 1U, 15U, 0xffffffffU}) {
    ScriptedKernel kernel;
    Connection connection({}, kernel.link());
    kernel.On([&](const Sent& sent) {
      Bytes bytes = Datagram().Ack(sent.sequence(), 0).bytes();
      std::memcpy(bytes.data(), &told, sizeof told);
      return Answer().Then(Datagram().Raw(bytes));
    });
    CHECK(Execute(&connection, {CallAbout(ipvs::kNewDest, 1)}) == std::vector<int>{ipvs::kOutcomeUnknown});
  }
}

TEST_CASE(
    "A message that ends between two alignments is the datagram's last, whatever the buffer held before") {
  ScriptedKernel kernel;
  Client client(&kernel);
  // Two datagrams: the second one's message ends where an ack of the coming call stood in the first.
  kernel.On([](const Sent& sent) {
    return Answer().Then(Datagram().Put(sent.sequence(), 30, {0, 0, 0, 0}).Ack(sent.sequence() + 1, EEXIST));
  });
  CHECK(client.connection.Write(CallAbout(ipvs::kNewDest, 1)) == ipvs::kOk);
  kernel.On([](const Sent& sent) {
    const Datagram message = Datagram().Put(sent.sequence() - 1, 30, {0});
    return Answer().Then(CutOff(message, NLMSG_HDRLEN + 1));
  });
  CHECK(client.connection.Write(CallAbout(ipvs::kNewDest, 1)) == ipvs::kOk);
}

TEST_CASE("A namespace that cannot be entered opens no socket, and says which errno kept it shut") {
  ScriptedKernel kernel;
  Connection connection(ipvs::NetworkNamespace("/nonexistent/namespace"), kernel.link());
  CHECK(connection.Ready() == ipvs::kNamespaceFailed - ENOENT);
  CHECK(Execute(&connection, {CallAbout(ipvs::kNewDest, 1)}) ==
        std::vector<int>{ipvs::kNamespaceFailed - ENOENT});
  CHECK(kernel.sockets_opened == 0);
}

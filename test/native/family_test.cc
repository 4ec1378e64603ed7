#include "native/netlink/family.h"

#include <linux/genetlink.h>

#include <cerrno>

#include "test/native/calls.h"
#include "test/native/scripted_kernel.h"
#include "test/native/test.h"

using ipvs::Connection;
using ipvs::LocalFailure;

namespace {

ScriptedKernel::Turn Describing() {
  return [](const Sent& sent) { return Answer().Then(Datagram().Row(sent.sequence(), Attributes())); };
}

}  // namespace

TEST_CASE("A destination that is not there costs a client with no descriptor left nothing but that answer") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  REQUIRE(connection.Ready() == ipvs::kOk);
  kernel.open_error = EMFILE;
  kernel.On(Refusing({ENOENT}));
  CHECK(Execute(&connection, {CallAbout(ipvs::kDelDest, 1)}) == std::vector<int>{ENOENT});
  CHECK(connection.open());
  kernel.On(Describing());
  CHECK(AskFor(&connection, 1) == ipvs::kOk);
  CHECK(kernel.sockets_opened == 1);
}

TEST_CASE("A family that cannot be asked for keeps the id it had") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  REQUIRE(connection.Ready() == ipvs::kOk);
  kernel.On(Refusing({ENOENT}));
  kernel.OnFamily([](const Sent&) { return Answer::Refuse(EPERM); });
  CHECK(Execute(&connection, {CallAbout(ipvs::kDelDest, 1)}) == std::vector<int>{LocalFailure(EPERM)});
  CHECK(connection.open());
  kernel.On(Refusing({0}));
  CHECK(Execute(&connection, {CallAbout(ipvs::kDelDest, 1)}) == std::vector<int>{0});
  CHECK(kernel.sent.back().requests[0].header.nlmsg_type == kernel.family);
}

TEST_CASE("A socket that cannot be opened is not taken for a kernel without IPVS") {
  for (const int error :
       {EMFILE, ENFILE, ENOMEM, ENOBUFS, EPERM, EACCES, ENOSYS, EAFNOSUPPORT, EPROTONOSUPPORT}) {
    ScriptedKernel kernel;
    kernel.open_error = error;
    Connection connection({}, kernel.link());
    CHECK(connection.Ready() == LocalFailure(error));
    CHECK(AskFor(&connection, 1) == LocalFailure(error));
    CHECK(Execute(&connection, {CallAbout(ipvs::kFlush, 0)}) == std::vector<int>{LocalFailure(error)});
    CHECK(kernel.modules_asked_for.empty());
  }
}

TEST_CASE("A question about the family that fails is not taken for a kernel without IPVS") {
  for (const int error : {ENOMEM, EPERM, EACCES, ENOSYS, EAFNOSUPPORT, EPROTONOSUPPORT}) {
    const std::vector<ScriptedKernel::Turn> ways = {
        [=](const Sent&) { return Answer::Refuse(error); },
        [=](const Sent&) { return Answer().ThenFail(error); },
        [=](const Sent& sent) { return Answer().Then(Datagram().Ack(sent.sequence(), error)); },
    };
    for (const ScriptedKernel::Turn& way : ways) {
      ScriptedKernel kernel;
      kernel.OnFamily(way);
      Connection connection({}, kernel.link());
      CHECK(connection.Ready() == LocalFailure(error));
      CHECK(kernel.modules_asked_for.empty());
      CHECK(connection.Ready() == ipvs::kOk);
    }
  }
}

TEST_CASE("A lost answer about the family is asked for again, three times at most") {
  ScriptedKernel kernel;
  const ScriptedKernel::Turn lost = [](const Sent&) { return Answer().ThenFail(ENOBUFS); };
  kernel.OnFamily(lost).OnFamily(lost);
  Connection connection({}, kernel.link());
  CHECK(connection.Ready() == ipvs::kOk);
  CHECK(kernel.families_asked == 3);

  ScriptedKernel mute;
  mute.OnFamily(lost).OnFamily(lost).OnFamily(lost);
  Connection other({}, mute.link());
  CHECK(other.Ready() == LocalFailure(ENOBUFS));
  CHECK(mute.families_asked == 3);
}

TEST_CASE("A question about the family that is not answered in time is asked once more") {
  ScriptedKernel kernel;
  const auto silent = [](const Sent&) { return Answer(); };
  kernel.OnFamily(silent).OnFamily(silent);
  Connection connection({}, kernel.link());
  CHECK(connection.Ready() == LocalFailure(ETIMEDOUT));
  CHECK(kernel.families_asked == 2);
}

TEST_CASE("An answer about the family without an id in it is none") {
  ScriptedKernel kernel;
  kernel.OnFamily([](const Sent& sent) {
    return Answer().Then(
        Datagram().Row(sent.sequence(), Attributes().U8(CTRL_ATTR_FAMILY_ID, 1), GENL_ID_CTRL));
  });
  Connection connection({}, kernel.link());
  CHECK(connection.Ready() == LocalFailure(EBADMSG));
  CHECK(!connection.open());
}

TEST_CASE("An answer to an earlier question is not taken for that about the family") {
  ScriptedKernel kernel;
  kernel.OnFamily([&](const Sent& sent) {
    const auto described = [&](uint32_t sequence, uint16_t id) {
      return Datagram().Row(sequence, Attributes().U16(CTRL_ATTR_FAMILY_ID, id), GENL_ID_CTRL);
    };
    return Answer().Then(described(sent.sequence() - 1, 99)).Then(described(sent.sequence(), kernel.family));
  });
  kernel.On(Refusing({0}));
  Connection connection({}, kernel.link());
  CHECK(Execute(&connection, {CallAbout(ipvs::kDelDest, 1)}) == std::vector<int>{0});
  CHECK(kernel.sent.back().requests[0].header.nlmsg_type == kernel.family);
}

TEST_CASE("A kernel without the family is made to load the module, and asked once more") {
  ScriptedKernel kernel;
  kernel.OnFamily(Refusing({ENOENT}));
  Connection connection({}, kernel.link());
  CHECK(connection.Ready() == ipvs::kOk);
  CHECK(kernel.modules_asked_for == std::vector<std::string>{"ip_vs"});

  ScriptedKernel without;
  without.family_error = ENOENT;
  Connection other({}, without.link());
  CHECK(other.Ready() == ipvs::kNoFamily);
  CHECK(without.modules_asked_for == std::vector<std::string>{"ip_vs"});
  CHECK(without.families_asked == 2);
}

TEST_CASE("Commands to a family that is gone are sent again with its new id, as often as it changes") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  REQUIRE(connection.Ready() == ipvs::kOk);
  for (int round = 0; round < 4; ++round) {
    kernel.On([&](const Sent& sent) {
      ++kernel.family;
      return Answer().Then(Datagram().Ack(sent.sequence(), ENOENT));
    });
  }
  kernel.On(Refusing({0}));
  CHECK(Execute(&connection, {CallAbout(ipvs::kNewService, 1)}) == std::vector<int>{0});
  CHECK(kernel.sent.back().requests[0].header.nlmsg_type == kernel.family);
}

TEST_CASE("A family that changes for ever is given up, and questions to it too") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  REQUIRE(connection.Ready() == ipvs::kOk);
  kernel.OnEverySend([&](const Sent& sent) {
    ++kernel.family;
    return Answer().Then(Datagram().Ack(sent.sequence(), ENOENT));
  });
  CHECK(Execute(&connection, {CallAbout(ipvs::kNewService, 1)}) == std::vector<int>{ENOENT});
  CHECK(AskFor(&connection, 1) == ENOENT);
  CHECK(kernel.sent.size() == 10);
}

TEST_CASE("A question that IPVS itself refuses by ENOENT is asked once") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  REQUIRE(connection.Ready() == ipvs::kOk);
  kernel.On(Refusing({ENOENT}));
  CHECK(AskFor(&connection, 1) == ENOENT);
  CHECK(kernel.sent.size() == 1);
  CHECK(kernel.families_asked == 2);
}

TEST_CASE("A question ends with what the question for the family ends with") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  REQUIRE(connection.Ready() == ipvs::kOk);
  kernel.On(Refusing({ENOENT})).OnFamily(Refusing({EPERM}));
  CHECK(AskFor(&connection, 1) == LocalFailure(EPERM));
  CHECK(kernel.sent.size() == 1);
}

TEST_CASE("A family that is gone for good is no IPVS, whatever the command was refused with") {
  for (const int error : {ENOENT, ENOPROTOOPT}) {
    ScriptedKernel kernel;
    Connection connection({}, kernel.link());
    REQUIRE(connection.Ready() == ipvs::kOk);
    kernel.family_error = ENOENT;
    kernel.On(Refusing({EEXIST, error}));
    CHECK(Execute(&connection, {CallAbout(ipvs::kNewService, 1), CallAbout(ipvs::kNewService, 2)}) ==
          std::vector<int>{EEXIST, ipvs::kNoFamily});
    CHECK(!connection.open());
  }
}

TEST_CASE("A family that is gone for a moment, its module being loaded anew, is looked for again") {
  const auto forget = [](ScriptedKernel* kernel) {
    kernel->OnFamily(Refusing({ENOENT})).OnFamily(Refusing({ENOENT}));  // nor does loading help yet
  };
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  REQUIRE(connection.Ready() == ipvs::kOk);
  kernel.On(Refusing({ENOENT})).On(Refusing({0}));
  forget(&kernel);
  CHECK(Execute(&connection, {CallAbout(ipvs::kDelDest, 1)}) == std::vector<int>{0});  // with the id it had
  CHECK(kernel.pauses_ms == std::vector<int>{10});

  kernel.pauses_ms.clear();
  kernel.On(Refusing({ENOENT})).On(Describing());
  forget(&kernel);
  ++kernel.family;
  CHECK(AskFor(&connection, 1) == ipvs::kOk);
  CHECK(kernel.pauses_ms == std::vector<int>{10});
}

TEST_CASE("A module that is being unloaded is waited for, a little longer each time") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.On(Refusing({ENOPROTOOPT})).On(Refusing({ENOPROTOOPT})).On(Refusing({0}));
  CHECK(Execute(&connection, {CallAbout(ipvs::kNewService, 1)}) == std::vector<int>{0});
  CHECK(kernel.pauses_ms == std::vector<int>{10, 20});

  kernel.pauses_ms.clear();
  kernel.OnEverySend(Refusing({ENOPROTOOPT}));
  CHECK(Execute(&connection, {CallAbout(ipvs::kNewService, 1)}) == std::vector<int>{ENOPROTOOPT});
  CHECK(kernel.pauses_ms == std::vector<int>{10, 20, 40, 80});
}

TEST_CASE("A dump by a module that is being unloaded is begun again") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.On(Refusing({EPROTONOSUPPORT}));
  kernel.On([&](const Sent& sent) {
    return Answer()
        .Then(Datagram().Row(sent.sequence(), Attributes()))
        .Then(Datagram().Done(sent.sequence()));
  });
  int begun = 0;
  int rows = 0;
  ipvs::DumpShape shape;
  const int status = connection.Dump(
      {}, ipvs::kGetService, {}, nullptr, [&] { ++begun; }, [&](const nlmsghdr*) { return ++rows > 0; },
      &shape);
  CHECK(status == ipvs::kOk);
  CHECK(begun == 2);
  CHECK(rows == 1);
  CHECK(kernel.pauses_ms == std::vector<int>{10});
}

TEST_CASE("A scheduler that is not found is looked for twice more, a destination is not") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.On(Refusing({ENOENT, ENOENT, ENOENT})).On(Refusing({0, ENOENT})).On(Refusing({ENOENT}));
  CHECK(Execute(&connection, {CallAbout(ipvs::kNewService, 1), CallAbout(ipvs::kDelDest, 2),
                              CallAbout(ipvs::kSetService, 3)}) == std::vector<int>{0, ENOENT, ENOENT});
  CHECK(kernel.turns_left() == 0);
  CHECK(kernel.pauses_ms == std::vector<int>{10, 20});
}

TEST_CASE("What failed because a service was not added is made again with it, in order") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  const std::vector<ipvs::CallRecord> calls = {CallAbout(ipvs::kNewDest, 1), CallAbout(ipvs::kNewService, 1),
                                               CallAbout(ipvs::kNewDest, 1), CallAbout(ipvs::kNewDest, 2),
                                               CallAbout(ipvs::kNewDest, 1)};
  kernel.On(Refusing({ESRCH, ENOENT, ESRCH, ESRCH, ESRCH})).On(Refusing({0, EINVAL, 0}));
  CHECK(Execute(&connection, calls) == std::vector<int>{ESRCH, 0, EINVAL, ESRCH, 0});
  CHECK(kernel.turns_left() == 0);
}

TEST_CASE("A command that a later one has overtaken is not made again") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.On(Refusing({ENOENT, 0}));
  CHECK(Execute(&connection, {CallAbout(ipvs::kSetService, 1), CallAbout(ipvs::kSetService, 1)}) ==
        std::vector<int>{ENOENT, 0});
  kernel.On(Refusing({ENOENT, 0}));
  CHECK(Execute(&connection, {CallAbout(ipvs::kNewService, 1), CallAbout(ipvs::kFlush, 0)}) ==
        std::vector<int>{ENOENT, 0});
}

TEST_CASE("A command is made again although a later one about another service had its effect") {
  const auto call_about = [](uint32_t family, uint32_t protocol, uint32_t port, uint8_t host) {
    ipvs::CallRecord call = CallAbout(ipvs::kSetService, 0);
    call.service.family = family;
    call.service.protocol = protocol;
    call.service.port = port;
    call.service.address[3] = host;
    return call;
  };
  const ipvs::CallRecord missed = call_about(2, 6, 80, 1);
  for (const ipvs::CallRecord& other : {call_about(10, 6, 80, 1), call_about(2, 17, 80, 1),
                                        call_about(2, 6, 81, 1), call_about(2, 6, 80, 2)}) {
    ScriptedKernel kernel;
    Connection connection({}, kernel.link());
    kernel.On(Refusing({ENOENT, 0})).On(Refusing({0}));
    CHECK(Execute(&connection, {missed, other}) == std::vector<int>{0, 0});
  }
}

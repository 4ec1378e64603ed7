#include "native/netlink/modules.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "native/netlink/connection.h"
#include "test/native/calls.h"
#include "test/native/scripted_kernel.h"
#include "test/native/test.h"

using ipvs::Connection;
using Names = std::vector<std::string>;

namespace {

ipvs::CallRecord CallWith(ipvs::Operation operation, const char* scheduler) {
  ipvs::CallRecord call = CallAbout(operation, 1);
  std::memset(call.service.scheduler, 0, sizeof call.service.scheduler);
  std::memcpy(call.service.scheduler, scheduler, std::strlen(scheduler));
  return call;
}

}  // namespace

TEST_CASE(
    "A module that the kernel must not load while it holds IPVS' lock is loaded before the service is sent") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  const auto there = [&](const Sent& sent) {
    CHECK(kernel.modules_asked_for == Names{"ip_vs_lblcr", "ip_vs_lblc"});
    return Refusing({0, 0, 0})(sent);
  };
  kernel.On(there).On(there);
  const std::vector<ipvs::CallRecord> calls = {CallWith(ipvs::kNewService, "lblcr"),
                                               CallWith(ipvs::kSetService, "lblc"),
                                               CallWith(ipvs::kNewService, "lblcr")};
  CHECK(Execute(&connection, calls) == std::vector<int>{0, 0, 0});
  CHECK(Execute(&connection, calls) == std::vector<int>{0, 0, 0});
}

TEST_CASE("The modules of other schedulers, and for other calls, are left to the kernel") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  kernel.OnEverySend(Refusing({0}));
  for (const char* const scheduler : {"wlc", "lblcx", "lbl", ""}) {
    CHECK(Execute(&connection, {CallWith(ipvs::kNewService, scheduler)}) == std::vector<int>{0});
  }
  for (const ipvs::Operation operation : {ipvs::kDelService, ipvs::kNewDest, ipvs::kSetDest}) {
    CHECK(Execute(&connection, {CallWith(operation, "lblc")}) == std::vector<int>{0});
  }
  CHECK(kernel.modules_asked_for.empty());
}

TEST_CASE("A module that cannot be loaded, or be seen, is asked for once, and the service is sent") {
  ScriptedKernel kernel;
  kernel.modules_load = false;
  Connection connection({}, kernel.link());
  kernel.OnEverySend(Refusing({0}));
  for (int round = 0; round < 3; ++round) {
    CHECK(Execute(&connection, {CallWith(ipvs::kNewService, "lblc")}) == std::vector<int>{0});
  }
  CHECK(kernel.modules_asked_for == Names{"ip_vs_lblc"});
}

TEST_CASE("A single write that lacks a module is not sent, but left to the thread that may wait for it") {
  ScriptedKernel kernel;
  Connection connection({}, kernel.link());
  REQUIRE(connection.Ready() == ipvs::kOk);
  CHECK(Connection::MayBeStale(connection.Write(CallWith(ipvs::kNewService, "lblc"))));
  CHECK(kernel.sent.empty());
  CHECK(kernel.modules_asked_for.empty());
  kernel.modules.insert("ip_vs_lblc");
  kernel.On(Refusing({0}));
  CHECK(connection.Write(CallWith(ipvs::kNewService, "lblc")) == 0);
}

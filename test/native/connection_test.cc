#include "native/netlink/connection.h"

#include <cerrno>
#include <vector>

#include "test/native/scripted_kernel.h"
#include "test/native/test.h"

using ipvs::CallRecord;
using ipvs::Connection;

namespace {

// The removal of a service with this mark.
CallRecord RemovalOf(uint32_t fwmark) {
  CallRecord call = {};
  call.operation = ipvs::kDelService;
  call.service.family = 2;
  call.service.fwmark = fwmark;
  return call;
}

// Executes the removal of `count` services, marked from 1 on, as one batch.
std::vector<int> RemoveInBatch(Connection* connection, uint32_t count) {
  std::vector<CallRecord> calls;
  for (uint32_t fwmark = 1; fwmark <= count; ++fwmark) calls.push_back(RemovalOf(fwmark));
  std::vector<const CallRecord*> pointers;
  pointers.reserve(calls.size());
  for (const CallRecord& call : calls) pointers.push_back(&call);
  std::vector<int> statuses;
  connection->Batch(pointers, &statuses);
  return statuses;
}

}  // namespace

TEST_CASE(
    "A batch asks for the ack of its last command only and takes silence about the others for success") {
  ScriptedKernel kernel;
  kernel.On([](const Sent& sent) {
    REQUIRE(sent.requests.size() == 3);
    CHECK((sent.requests[0].header.nlmsg_flags & NLM_F_ACK) == 0);
    CHECK((sent.requests[1].header.nlmsg_flags & NLM_F_ACK) == 0);
    CHECK((sent.requests[2].header.nlmsg_flags & NLM_F_ACK) != 0);
    return Answer().Then(Datagram().Ack(sent.sequence(1), EEXIST)).Then(Datagram().Ack(sent.sequence(2), 0));
  });
  Connection connection({}, kernel.link());
  CHECK(RemoveInBatch(&connection, 3) == std::vector<int>{0, EEXIST, 0});
}

TEST_CASE(
    "A batch whose answer is lost has an unknown outcome for every command, and the next one uses another "
    "socket") {
  ScriptedKernel kernel;
  kernel.On([](const Sent& sent) {
    return Answer().Then(Datagram().Ack(sent.sequence(0), EEXIST)).ThenFail(ENOBUFS);
  });
  Connection connection({}, kernel.link());
  CHECK(RemoveInBatch(&connection, 2) == std::vector<int>{ipvs::kOutcomeUnknown, ipvs::kOutcomeUnknown});
  CHECK(kernel.sockets_closed == 1);

  kernel.On([](const Sent& sent) { return Answer().Then(Datagram().Ack(sent.sequence(0), 0)); });
  CHECK(RemoveInBatch(&connection, 1) == std::vector<int>{0});
  CHECK(kernel.sent.back().socket == 1);
}

TEST_CASE("A batch that is not answered within two seconds has an unknown outcome") {
  ScriptedKernel kernel;
  kernel.On([](const Sent&) { return Answer(); });
  Connection connection({}, kernel.link());
  CHECK(RemoveInBatch(&connection, 1) == std::vector<int>{ipvs::kOutcomeUnknown});
  CHECK(kernel.waits_ms == std::vector<int>{2000});
}

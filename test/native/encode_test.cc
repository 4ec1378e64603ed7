#include "native/codec/encode.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "test/native/messages.h"
#include "test/native/test.h"

using ipvs::CallRecord;
using ipvs::Encoder;
using ipvs::Operation;

namespace {

// The attributes of the one message that `call` becomes.
Bytes Encoded(const CallRecord& call, Operation command) {
  Encoder encoder;
  encoder.Append(call, command, 30, 1000, 7, 0);
  const size_t headers = NLMSG_HDRLEN + GENL_HDRLEN;
  REQUIRE(encoder.bytes().size() >= headers);
  return {encoder.bytes().begin() + headers, encoder.bytes().end()};
}

// Streams of attributes are compared whatever the order at each level: the kernel does not care.
std::vector<Bytes> Sorted(const Bytes& stream) {
  std::vector<Bytes> attributes;
  for (size_t at = 0; at < stream.size();) {
    nlattr header = {};
    std::memcpy(&header, &stream[at], sizeof header);
    REQUIRE(header.nla_len >= NLA_HDRLEN);
    REQUIRE(at + header.nla_len <= stream.size());
    attributes.emplace_back(stream.begin() + static_cast<ptrdiff_t>(at),
                            stream.begin() + static_cast<ptrdiff_t>(at + header.nla_len));
    at += NLA_ALIGN(header.nla_len);
  }
  std::sort(attributes.begin(), attributes.end());
  return attributes;
}

Bytes Inside(const Bytes& nest) {
  return {nest.begin() + NLA_HDRLEN, nest.end()};
}

// The nests of a message about a service, and perhaps a destination.
struct Nests {
  std::vector<Bytes> service;
  std::vector<Bytes> destination;
};
Nests NestsOf(const Bytes& stream) {
  Nests nests;
  for (const Bytes& attribute : Sorted(stream)) {
    nlattr header = {};
    std::memcpy(&header, attribute.data(), sizeof header);
    if (header.nla_type == IPVS_CMD_ATTR_SERVICE) nests.service = Sorted(Inside(attribute));
    if (header.nla_type == IPVS_CMD_ATTR_DEST) nests.destination = Sorted(Inside(attribute));
  }
  return nests;
}

constexpr uint8_t kAddress4[16] = {192, 0, 2, 1};
constexpr uint8_t kAddress6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

CallRecord UsualCall() {
  CallRecord call = {};
  call.service.family = AF_INET;
  call.service.protocol = IPPROTO_UDP;
  call.service.port = 5353;
  std::memcpy(call.service.address, kAddress4, sizeof kAddress4);
  call.service.flags = 0x0d;
  call.service.flags_mask = 0x3d;
  call.service.timeout = 360;
  call.service.netmask = 0xffffff00;
  std::strcpy(call.service.scheduler, "wrr");
  std::strcpy(call.service.engine, "sip");
  call.destination.family = AF_INET6;
  call.destination.port = 8080;
  std::memcpy(call.destination.address, kAddress6, sizeof kAddress6);
  call.destination.forwarding = IP_VS_CONN_F_TUNNEL;
  call.destination.weight = 70000;
  call.destination.upper_threshold = 0x80000001;
  call.destination.lower_threshold = 3;
  call.destination.tunnel_type = IP_VS_CONN_F_TUNNEL_TYPE_GUE;
  call.destination.tunnel_port = 6080;
  call.destination.tunnel_flags = IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM;
  return call;
}

Attributes ServiceIdentity() {
  return Attributes()
      .U16(IPVS_SVC_ATTR_AF, AF_INET)
      .U16(IPVS_SVC_ATTR_PROTOCOL, IPPROTO_UDP)
      .Put(IPVS_SVC_ATTR_ADDR, kAddress4, sizeof kAddress4)
      .U16(IPVS_SVC_ATTR_PORT, htons(5353));
}

Attributes DestinationIdentity() {
  return Attributes()
      .U16(IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET6)
      .Put(IPVS_DEST_ATTR_ADDR, kAddress6, sizeof kAddress6)
      .U16(IPVS_DEST_ATTR_PORT, htons(8080));
}

}  // namespace

TEST_CASE(
    "A message carries the family's id, the command, its sequence number, the sender's port and the flags") {
  Encoder encoder;
  encoder.Append(CallRecord{}, ipvs::kGetInfo, 31, 4711, 9, NLM_F_DUMP);
  REQUIRE(encoder.bytes().size() == NLMSG_HDRLEN + GENL_HDRLEN);
  nlmsghdr header = {};
  std::memcpy(&header, encoder.bytes().data(), sizeof header);
  CHECK(header.nlmsg_len == encoder.bytes().size());
  CHECK(header.nlmsg_type == 31);
  CHECK(header.nlmsg_flags == (NLM_F_REQUEST | NLM_F_DUMP));
  CHECK(header.nlmsg_seq == 9);
  CHECK(header.nlmsg_pid == 4711);
  CHECK(encoder.bytes()[NLMSG_HDRLEN] == IPVS_CMD_GET_INFO);
  CHECK(encoder.bytes()[NLMSG_HDRLEN + 1] == IPVS_GENL_VERSION);
}

TEST_CASE("Messages stand one after another, and the last one's header can still be changed") {
  Encoder encoder;
  encoder.Append(CallRecord{}, ipvs::kGetInfo, 30, 1, 1, 0);
  encoder.Append(UsualCall(), ipvs::kNewDest, 30, 1, 2, 0);
  CHECK(encoder.last()->nlmsg_seq == 2);
  CHECK(encoder.bytes().size() == NLMSG_HDRLEN + GENL_HDRLEN + encoder.last()->nlmsg_len);
  encoder.Clear();
  CHECK(encoder.bytes().empty());
}

TEST_CASE("A service to be made is sent with all its attributes, each in the kernel's width and byte order") {
  const uint32_t flags[] = {0x0d, 0x3d};
  Attributes expected = ServiceIdentity()
                            .Text(IPVS_SVC_ATTR_SCHED_NAME, "wrr")
                            .Text(IPVS_SVC_ATTR_PE_NAME, "sip")
                            .Put(IPVS_SVC_ATTR_FLAGS, flags, sizeof flags)
                            .U32(IPVS_SVC_ATTR_TIMEOUT, 360)
                            .U32(IPVS_SVC_ATTR_NETMASK, htonl(0xffffff00));
  for (const Operation command : {ipvs::kNewService, ipvs::kSetService}) {
    const Nests nests = NestsOf(Encoded(UsualCall(), command));
    CHECK((nests.service == Sorted(expected.bytes())));
    CHECK(nests.destination.empty());
  }
}

TEST_CASE(
    "An IPv6 service's netmask is its prefix length in host order, and an engine of no name is not sent") {
  CallRecord call = UsualCall();
  call.service.family = AF_INET6;
  call.service.netmask = 64;
  call.service.engine[0] = '\0';
  const std::vector<Bytes> service = NestsOf(Encoded(call, ipvs::kNewService)).service;
  const auto has = [&](const Attributes& attribute) {
    return std::find(service.begin(), service.end(), attribute.bytes()) != service.end();
  };
  CHECK(has(Attributes().U32(IPVS_SVC_ATTR_NETMASK, 64)));
  CHECK(service.size() == 8);
}

TEST_CASE("A service of a mark is named by mark and family alone") {
  CallRecord call = UsualCall();
  call.service.fwmark = 0xfffffffe;
  const Attributes expected =
      Attributes().U16(IPVS_SVC_ATTR_AF, AF_INET).U32(IPVS_SVC_ATTR_FWMARK, 0xfffffffe);
  CHECK((NestsOf(Encoded(call, ipvs::kDelService)).service == Sorted(expected.bytes())));
}

TEST_CASE(
    "A destination to be made is sent with all its attributes, each in the kernel's width and byte order") {
  const Attributes expected = DestinationIdentity()
                                  .U32(IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_TUNNEL)
                                  .U32(IPVS_DEST_ATTR_WEIGHT, 70000)
                                  .U32(IPVS_DEST_ATTR_U_THRESH, 0x80000001)
                                  .U32(IPVS_DEST_ATTR_L_THRESH, 3)
                                  .U8(IPVS_DEST_ATTR_TUN_TYPE, IP_VS_CONN_F_TUNNEL_TYPE_GUE)
                                  .U16(IPVS_DEST_ATTR_TUN_PORT, htons(6080))
                                  .U16(IPVS_DEST_ATTR_TUN_FLAGS, IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM);
  for (const Operation command : {ipvs::kNewDest, ipvs::kSetDest}) {
    const Nests nests = NestsOf(Encoded(UsualCall(), command));
    CHECK((nests.service == Sorted(ServiceIdentity().bytes())));
    CHECK((nests.destination == Sorted(expected.bytes())));
  }
}

TEST_CASE("A tunnel's fields are sent as they are under any forwarding, and those that are 0 are not") {
  CallRecord call = UsualCall();
  call.destination.forwarding = IP_VS_CONN_F_MASQ;
  call.destination.tunnel_type = 0;
  call.destination.tunnel_flags = 0;
  const Attributes expected = DestinationIdentity()
                                  .U32(IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ)
                                  .U32(IPVS_DEST_ATTR_WEIGHT, 70000)
                                  .U32(IPVS_DEST_ATTR_U_THRESH, 0x80000001)
                                  .U32(IPVS_DEST_ATTR_L_THRESH, 3)
                                  .U16(IPVS_DEST_ATTR_TUN_PORT, htons(6080));
  CHECK((NestsOf(Encoded(call, ipvs::kNewDest)).destination == Sorted(expected.bytes())));
}

TEST_CASE("A destination to be removed is sent with its identity alone, and its service's") {
  const Nests nests = NestsOf(Encoded(UsualCall(), ipvs::kDelDest));
  CHECK((nests.service == Sorted(ServiceIdentity().bytes())));
  CHECK((nests.destination == Sorted(DestinationIdentity().bytes())));
}

TEST_CASE("Commands about a service alone carry its identity, and a dump of all services nothing") {
  for (const Operation command : {ipvs::kDelService, ipvs::kGetService, ipvs::kGetDest}) {
    const Nests nests = NestsOf(Encoded(UsualCall(), command));
    CHECK((nests.service == Sorted(ServiceIdentity().bytes())));
    CHECK(nests.destination.empty());
  }
  CHECK(Encoded(CallRecord{}, ipvs::kGetService).empty());
}

TEST_CASE("Zeroing names a service only when one was meant") {
  CallRecord call = UsualCall();
  CHECK(Encoded(call, ipvs::kZero).empty());
  call.extent = ipvs::kOneService;
  CHECK((NestsOf(Encoded(call, ipvs::kZero)).service == Sorted(ServiceIdentity().bytes())));
}

TEST_CASE("Commands about no object carry no attribute, whatever the record holds") {
  for (const Operation command : {ipvs::kGetInfo, ipvs::kGetConfig, ipvs::kGetDaemon, ipvs::kFlush}) {
    CHECK(Encoded(UsualCall(), command).empty());
  }
}

TEST_CASE("Timeouts are sent in seconds, three of them") {
  CallRecord call = {};
  call.timeouts = {900, 120, 300};
  const Attributes expected = Attributes()
                                  .U32(IPVS_CMD_ATTR_TIMEOUT_TCP, 900)
                                  .U32(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, 120)
                                  .U32(IPVS_CMD_ATTR_TIMEOUT_UDP, 300);
  CHECK((Sorted(Encoded(call, ipvs::kSetConfig)) == Sorted(expected.bytes())));
}

TEST_CASE("A sync daemon to be started is sent with what is set, its port in host order") {
  CallRecord call = {};
  call.daemon.role = IP_VS_STATE_MASTER;
  std::strcpy(call.daemon.interface, "eth0");
  call.daemon.sync_id = 7;
  const auto nest = [](const CallRecord& record, Operation command) {
    return Sorted(Inside(Encoded(record, command)));
  };
  Attributes least = Attributes()
                         .U32(IPVS_DAEMON_ATTR_STATE, IP_VS_STATE_MASTER)
                         .Text(IPVS_DAEMON_ATTR_MCAST_IFN, "eth0")
                         .U32(IPVS_DAEMON_ATTR_SYNC_ID, 7);
  CHECK((nest(call, ipvs::kNewDaemon) == Sorted(least.bytes())));

  call.daemon.max_length = 1460;
  call.daemon.port = 8848;
  call.daemon.ttl = 3;
  call.daemon.group_family = AF_INET;
  std::memcpy(call.daemon.group, kAddress4, sizeof kAddress4);
  Attributes more = Attributes(least)
                        .U16(IPVS_DAEMON_ATTR_SYNC_MAXLEN, 1460)
                        .U16(IPVS_DAEMON_ATTR_MCAST_PORT, 8848)
                        .U8(IPVS_DAEMON_ATTR_MCAST_TTL, 3);
  CHECK((nest(call, ipvs::kNewDaemon) ==
         Sorted(Attributes(more).Put(IPVS_DAEMON_ATTR_MCAST_GROUP, kAddress4, 4).bytes())));

  call.daemon.group_family = AF_INET6;
  std::memcpy(call.daemon.group, kAddress6, sizeof kAddress6);
  CHECK((nest(call, ipvs::kNewDaemon) ==
         Sorted(Attributes(more).Put(IPVS_DAEMON_ATTR_MCAST_GROUP6, kAddress6, 16).bytes())));
}

TEST_CASE("A sync daemon to be stopped is named by its role alone") {
  CallRecord call = {};
  call.daemon.role = IP_VS_STATE_BACKUP;
  std::strcpy(call.daemon.interface, "eth0");
  const Attributes expected = Attributes().U32(IPVS_DAEMON_ATTR_STATE, IP_VS_STATE_BACKUP);
  CHECK((Sorted(Inside(Encoded(call, ipvs::kDelDaemon))) == Sorted(expected.bytes())));
}

TEST_CASE("A record full of ones is encoded within the bounds of the longest message, for every operation") {
  CallRecord call;
  std::memset(&call, 0xff, sizeof call);
  call.service.fwmark = 0;
  for (uint32_t command = 0; command < 64; ++command) {
    const Bytes stream = Encoded(call, static_cast<Operation>(command));
    Sorted(stream);  // whose lengths must add up
    const auto names = std::count(stream.begin(), stream.end(), 0xff);
    if (command == ipvs::kNewService) CHECK(names >= 2 * 16);
  }
}

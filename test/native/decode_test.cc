#include "native/codec/decode.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>

#include "native/codec/fields.h"
#include "native/table/columns.h"
#include "test/native/rows.h"
#include "test/native/test.h"

namespace {

// A message in memory of exactly its length, so that the address sanitizer sees a byte read behind it.
class Message {
 public:
  explicit Message(const Bytes& bytes) : bytes_(new uint8_t[bytes.size()]) {
    std::copy(bytes.begin(), bytes.end(), bytes_.get());
  }
  explicit Message(const Attributes& attributes) : Message(Datagram().Row(1, attributes).bytes()) {}
  const nlmsghdr* get() const { return reinterpret_cast<const nlmsghdr*>(bytes_.get()); }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
};

ipvs::DestinationRow Destination(const Attributes& attributes) {
  ipvs::DestinationRow row = {};
  CHECK(ipvs::DecodeDestination(Message(attributes).get(), &row));
  return row;
}

ipvs::ServiceRow Service(const Attributes& attributes) {
  ipvs::ServiceRow row = {};
  CHECK(ipvs::DecodeService(Message(attributes).get(), &row));
  return row;
}

template <typename Row>
bool Same(const Row& a, const Row& b) {
  // Rows are zeroed before they are decoded, padding too.
  return std::memcmp(&a, &b, sizeof a) == 0;  // NOLINT(bugprone-suspicious-memory-comparison)
}

std::vector<uint64_t> Counters(const uint64_t (&counters)[ipvs::kCounters]) {
  return {std::begin(counters), std::end(counters)};
}

std::vector<uint64_t> CountFrom(uint64_t first) {
  std::vector<uint64_t> numbers;
  for (uint64_t i = 0; i < ipvs::kCounters; ++i) numbers.push_back(first + i);
  return numbers;
}

// The words of a list's only row.
std::vector<uint32_t> Words(const ipvs::Block& block, unsigned count) {
  const ipvs::ListView view(block.data.get(), block.rows, count);
  std::vector<uint32_t> words;
  for (unsigned i = 0; i < count; ++i) words.push_back(view.Word(i, 0));
  return words;
}

}  // namespace

TEST_CASE("Each attribute of a destination reaches the word of its name, in host order") {
  ipvs::DestinationRow row = Destination(DestinationRow(8080, 100));
  row.service = 9;
  const ipvs::Columns columns = ipvs::ToColumns({}, {row});
  std::vector<uint32_t> expected(ipvs::kDestinationWords);
  expected[ipvs::kDestinationService] = 9;
  expected[ipvs::kDestinationFamily] = AF_INET6;
  expected[ipvs::kDestinationPort] = 8080;
  expected[ipvs::kDestinationForwarding] = 2;
  expected[ipvs::kDestinationWeight] = 0x7fffffff;
  expected[ipvs::kDestinationUpperThreshold] = 0x80000001;
  expected[ipvs::kDestinationLowerThreshold] = 4;
  expected[ipvs::kDestinationActive] = 5;
  expected[ipvs::kDestinationInactive] = 6;
  expected[ipvs::kDestinationPersistent] = 7;
  expected[ipvs::kDestinationTunnelType] = 1;
  expected[ipvs::kDestinationTunnelPort] = 6080;
  expected[ipvs::kDestinationTunnelFlags] = 3;
  CHECK(Words(columns.destinations, ipvs::kDestinationWords) == expected);
  const uint8_t address[16] = {192, 0, 2, 2};
  const ipvs::ListView view(columns.destinations.data.get(), 1, ipvs::kDestinationWords);
  CHECK(std::memcmp(view.Address(0), address, sizeof address) == 0);
  CHECK(view.Counter(0, 0) == 100);
  CHECK(view.Counter(9, 0) == 109);
}

TEST_CASE(
    "Each attribute of a service reaches the word of its name, in host order, without the kernel's flag") {
  const uint32_t flags[] = {0x2 | 0x5, 0xffffffff};
  const ipvs::ServiceRow row =
      Service(Attributes().Nest(IPVS_CMD_ATTR_SERVICE, Attributes()
                                                           .U16(IPVS_SVC_ATTR_AF, AF_INET)
                                                           .U16(IPVS_SVC_ATTR_PROTOCOL, IPPROTO_SCTP)
                                                           .U16(IPVS_SVC_ATTR_PORT, htons(5060))
                                                           .U32(IPVS_SVC_ATTR_FWMARK, 0xfffffffe)
                                                           .Text(IPVS_SVC_ATTR_SCHED_NAME, "mh")
                                                           .Text(IPVS_SVC_ATTR_PE_NAME, "sip")
                                                           .Put(IPVS_SVC_ATTR_FLAGS, flags, sizeof flags)
                                                           .U32(IPVS_SVC_ATTR_TIMEOUT, 360)
                                                           .U32(IPVS_SVC_ATTR_NETMASK, htonl(0xffffff00))
                                                           .Nest(IPVS_SVC_ATTR_STATS64, Stats64(100))));
  CHECK(row.config.flags_mask == 0xffffffff);
  const ipvs::Columns columns = ipvs::ToColumns({row}, {});
  std::vector<uint32_t> expected(ipvs::kServiceWords);
  expected[ipvs::kServiceFamily] = AF_INET;
  expected[ipvs::kServiceProtocol] = IPPROTO_SCTP;
  expected[ipvs::kServiceMark] = 0xfffffffe;
  expected[ipvs::kServicePort] = 5060;
  expected[ipvs::kServiceFlags] = 0x5;
  expected[ipvs::kServiceTimeout] = 360;
  expected[ipvs::kServiceNetmask] = 0xffffff00;
  expected[ipvs::kServiceScheduler] = 0;
  expected[ipvs::kServiceEngine] = 1;
  CHECK(Words(columns.services, ipvs::kServiceWords) == expected);
  CHECK((columns.names == std::vector<std::string>{"mh", "sip"}));
  CHECK(Counters(row.counters) == CountFrom(100));
}

TEST_CASE("An IPv6 service's netmask is a prefix length in host order, even if the family comes last") {
  for (const bool last : {false, true}) {
    Attributes service;
    if (!last) service.U16(IPVS_SVC_ATTR_AF, AF_INET6);
    service.U32(IPVS_SVC_ATTR_NETMASK, 64);
    if (last) service.U16(IPVS_SVC_ATTR_AF, AF_INET6);
    CHECK(Service(Attributes().Nest(IPVS_CMD_ATTR_SERVICE, service)).config.netmask == 64);
  }
}

TEST_CASE(
    "A destination is decoded alike in the kernel's order, in any other, and without any attribute it has") {
  std::vector<Attributes> parts = DestinationAttributes(80);
  const ipvs::DestinationRow usual = Destination(DestinationRow(Joined(parts)));
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    std::shuffle(parts.begin(), parts.end(), random);
    CHECK(Same(Destination(DestinationRow(Joined(parts))), usual));
  }
  // Without one attribute the usual order breaks off there: both ways through the decoder meet.
  for (size_t missing = 0; missing < parts.size(); ++missing) {
    std::vector<Attributes> ordered = DestinationAttributes(80);
    const Attributes left_out = ordered[missing];
    ordered.erase(ordered.begin() + static_cast<ptrdiff_t>(missing));
    std::vector<Attributes> reversed(ordered.rbegin(), ordered.rend());
    const ipvs::DestinationRow row = Destination(DestinationRow(Joined(ordered)));
    CHECK(Same(row, Destination(DestinationRow(Joined(reversed)))));
    CHECK_FALSE(Same(row, usual));
  }
}

TEST_CASE("Each row of the destinations' table reads one value of a destination, as the usual order does") {
  const ipvs::DestinationRow usual = Destination(DestinationRow(80));
  std::vector<Attributes> parts = DestinationAttributes(80);
  CHECK(parts.size() == ipvs::kDestinationFields.size());
  for (const Attributes& part : parts) {
    // Alone, and behind what no table knows: not the usual order.
    const Attributes strange = Attributes().U32(63, 0).Join(part);
    const ipvs::DestinationRow row = Destination(DestinationRow(strange));
    nlattr header = {};
    std::memcpy(&header, part.bytes().data(), sizeof header);
    const auto* const field =
        std::find_if(ipvs::kDestinationFields.begin(), ipvs::kDestinationFields.end(),
                     [&](const ipvs::Field& candidate) { return candidate.attribute == header.nla_type; });
    REQUIRE(field != ipvs::kDestinationFields.end());
    ipvs::DestinationRow expected = {};
    const auto at = [&](const ipvs::DestinationRow& of) {
      return reinterpret_cast<const uint8_t*>(&of) + field->offset;
    };
    std::memcpy(const_cast<uint8_t*>(at(expected)), at(usual), ipvs::SizeInRow(field->form));
    CAPTURE(header.nla_type);
    CHECK(Same(row, expected));
    CHECK_FALSE(Same(row, ipvs::DestinationRow{}));
  }
}

TEST_CASE("Statistics of 32 bits, but for bytes, are read where a kernel before 4.1 has no others") {
  const uint64_t bytes = uint64_t{1} << 40;
  Attributes stats;
  for (int type = IPVS_STATS_ATTR_CONNS; type <= IPVS_STATS_ATTR_OUTBPS; ++type) {
    if (type == IPVS_STATS_ATTR_INBYTES || type == IPVS_STATS_ATTR_OUTBYTES) {
      stats.U64(type, bytes + static_cast<uint64_t>(type));
    } else {
      stats.U32(type, 0xfffffff0 + static_cast<uint32_t>(type));
    }
  }
  const std::vector<uint64_t> expected = {0xfffffff1, 0xfffffff2, 0xfffffff3, bytes + 4,  bytes + 5,
                                          0xfffffff6, 0xfffffff7, 0xfffffff8, 0xfffffff9, 0xfffffffa};
  const Attributes destination = Joined(DestinationAttributes(80)).Nest(IPVS_DEST_ATTR_STATS, stats);
  CHECK(Counters(Destination(DestinationRow(destination)).counters) == expected);
  const Attributes service = Attributes().U16(IPVS_SVC_ATTR_AF, AF_INET).Nest(IPVS_SVC_ATTR_STATS, stats);
  CHECK(Counters(Service(Attributes().Nest(IPVS_CMD_ATTR_SERVICE, service)).counters) == expected);
}

TEST_CASE("Statistics of 64 bits count where there are both, whichever comes first") {
  const Attributes destination = Joined(DestinationAttributes(80));
  const Attributes service = Attributes().U16(IPVS_SVC_ATTR_AF, AF_INET);
  const uint64_t first = uint64_t{1} << 40;
  CHECK(Counters(Destination(DestinationRow(Attributes(destination)
                                                .Nest(IPVS_DEST_ATTR_STATS64, Stats64(first))
                                                .Nest(IPVS_DEST_ATTR_STATS, Stats32(1))))
                     .counters) == CountFrom(first));
  CHECK(Counters(Destination(DestinationRow(Attributes(destination)
                                                .Nest(IPVS_DEST_ATTR_STATS, Stats32(1))
                                                .Nest(IPVS_DEST_ATTR_STATS64, Stats64(first))))
                     .counters) == CountFrom(first));
  CHECK(Counters(
            Service(Attributes().Nest(IPVS_CMD_ATTR_SERVICE, Attributes(service)
                                                                 .Nest(IPVS_SVC_ATTR_STATS64, Stats64(first))
                                                                 .Nest(IPVS_SVC_ATTR_STATS, Stats32(1))))
                .counters) == CountFrom(first));
}

TEST_CASE("Statistics are read with padding between them, as machines that must align 64 bits have it") {
  Attributes stats;
  for (int i = 0; i < 10; ++i) {
    stats.Put(IPVS_STATS_ATTR_PAD, nullptr, 0).U64(IPVS_STATS_ATTR_CONNS + i, 5 + static_cast<uint64_t>(i));
  }
  CHECK(Counters(Destination(DestinationRow(Attributes().Nest(IPVS_DEST_ATTR_STATS64, stats))).counters) ==
        CountFrom(5));
}

TEST_CASE("A destination of a kernel before 3.18 has no family of its own") {
  std::vector<Attributes> parts = DestinationAttributes(80);
  parts.pop_back();
  CHECK(Destination(DestinationRow(Joined(parts))).config.family == 0);
}

TEST_CASE("Attributes and nests that no table knows are skipped, and the flag of a nest is ignored") {
  const Attributes strange = Attributes().U32(60, 1).U32(31, 2).U32(0, 3).U32(NLA_TYPE_MASK, 4);
  const Attributes inner = Attributes(strange).Join(Joined(DestinationAttributes(80))).Join(strange);
  const Attributes row = Attributes(strange).Nest(IPVS_CMD_ATTR_DEST | NLA_F_NESTED, inner).Join(strange);
  CHECK(Same(Destination(row), Destination(DestinationRow(Joined(DestinationAttributes(80))))));
}

TEST_CASE("A number that is too short is 0, and of an attribute that is too long the start is taken") {
  const uint8_t bytes[40] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
  const ipvs::DestinationRow row = Destination(DestinationRow(Attributes()
                                                                  .Put(IPVS_DEST_ATTR_WEIGHT, bytes, 3)
                                                                  .Put(IPVS_DEST_ATTR_PORT, bytes, 1)
                                                                  .Put(IPVS_DEST_ATTR_TUN_TYPE, bytes, 0)
                                                                  .Put(IPVS_DEST_ATTR_U_THRESH, bytes, 40)
                                                                  .Put(IPVS_DEST_ATTR_ADDR, bytes, 40)));
  CHECK(row.config.weight == 0);
  CHECK(row.config.port == 0);
  CHECK(row.config.tunnel_type == 0);
  uint32_t start = 0;
  std::memcpy(&start, bytes, sizeof start);
  CHECK(row.config.upper_threshold == start);
  CHECK(std::memcmp(row.config.address, bytes, 16) == 0);
  CHECK(row.config.forwarding == 0);  // which stands behind the address

  const ipvs::DestinationRow short_address =
      Destination(DestinationRow(Attributes().Put(IPVS_DEST_ATTR_ADDR, bytes, 4)));
  const uint8_t expected[16] = {1, 2, 3, 4};
  CHECK(std::memcmp(short_address.config.address, expected, 16) == 0);

  const ipvs::ServiceRow service = Service(Attributes().Nest(
      IPVS_CMD_ATTR_SERVICE,
      Attributes().U16(IPVS_SVC_ATTR_AF, AF_INET).Put(IPVS_SVC_ATTR_SCHED_NAME, bytes, 40)));
  CHECK(std::memcmp(service.config.scheduler, bytes, 16) == 0);
  CHECK(service.config.engine[0] == '\0');
}

TEST_CASE("A message without its object, and one too short for a generic-netlink header, has no row") {
  ipvs::ServiceRow service = {};
  ipvs::DestinationRow destination = {};
  ipvs::DaemonRecord daemon = {};
  ipvs::TimeoutsRecord timeouts = {};
  ipvs::InfoRow info = {};
  const Message empty{Attributes()};
  CHECK_FALSE(ipvs::DecodeService(empty.get(), &service));
  CHECK_FALSE(ipvs::DecodeDestination(empty.get(), &destination));
  CHECK_FALSE(ipvs::DecodeDaemon(empty.get(), &daemon));
  const Message tiny(Datagram().Put(1, 30, {0, 0}).bytes());
  CHECK_FALSE(ipvs::DecodeService(tiny.get(), &service));
  CHECK_FALSE(ipvs::DecodeDestination(tiny.get(), &destination));
  CHECK_FALSE(ipvs::DecodeDaemon(tiny.get(), &daemon));
  CHECK_FALSE(ipvs::DecodeTimeouts(tiny.get(), &timeouts));
  CHECK_FALSE(ipvs::DecodeInfo(tiny.get(), &info));
}

TEST_CASE("A sync daemon is decoded with its group's family, and with its port in host order") {
  const uint8_t group6[16] = {0xff, 2};
  const Attributes head = Attributes()
                              .U32(IPVS_DAEMON_ATTR_STATE, IP_VS_STATE_BACKUP)
                              .Text(IPVS_DAEMON_ATTR_MCAST_IFN, "eth0")
                              .U32(IPVS_DAEMON_ATTR_SYNC_ID, 255)
                              .U16(IPVS_DAEMON_ATTR_SYNC_MAXLEN, 1460)
                              .U16(IPVS_DAEMON_ATTR_MCAST_PORT, 8848)
                              .U8(IPVS_DAEMON_ATTR_MCAST_TTL, 64);
  const auto decode = [](const Attributes& daemon) {
    ipvs::DaemonRecord record = {};
    CHECK(ipvs::DecodeDaemon(Message(Attributes().Nest(IPVS_CMD_ATTR_DAEMON, daemon)).get(), &record));
    return record;
  };
  const ipvs::DaemonRecord six =
      decode(Attributes(head).Put(IPVS_DAEMON_ATTR_MCAST_GROUP6, group6, sizeof group6));
  ipvs::DaemonRecord expected = {IP_VS_STATE_BACKUP, 255, 1460, AF_INET6, 8848, 64, {0xff, 2}, "eth0"};
  CHECK(Same(six, expected));
  const uint8_t group4[4] = {224, 0, 0, 81};
  const ipvs::DaemonRecord four =
      decode(Attributes(head).Put(IPVS_DAEMON_ATTR_MCAST_GROUP, group4, sizeof group4));
  expected = {IP_VS_STATE_BACKUP, 255, 1460, AF_INET, 8848, 64, {224, 0, 0, 81}, "eth0"};
  CHECK(Same(four, expected));
}

TEST_CASE("Timeouts and the kernel's facts are decoded each to its name") {
  ipvs::TimeoutsRecord timeouts = {};
  CHECK(ipvs::DecodeTimeouts(Message(Attributes()
                                         .U32(IPVS_CMD_ATTR_TIMEOUT_TCP, 900)
                                         .U32(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, 120)
                                         .U32(IPVS_CMD_ATTR_TIMEOUT_UDP, 300))
                                 .get(),
                             &timeouts));
  CHECK(Same(timeouts, ipvs::TimeoutsRecord{900, 120, 300}));
  ipvs::InfoRow info = {};
  CHECK(ipvs::DecodeInfo(
      Message(Attributes().U32(IPVS_INFO_ATTR_VERSION, 0x010201).U32(IPVS_INFO_ATTR_CONN_TAB_SIZE, 4096))
          .get(),
      &info));
  CHECK(Same(info, ipvs::InfoRow{0x010201, 4096}));
}

TEST_CASE("No message that is cut off or mutilated makes the decoder read beyond it") {
  const std::vector<Bytes> messages = {
      Datagram().Row(1, ServiceRow(80, 1)).bytes(),
      Datagram().Row(1, DestinationRow(80, 1)).bytes(),
      Datagram()
          .Row(1, Attributes().Nest(IPVS_CMD_ATTR_DAEMON,
                                    Attributes().U32(IPVS_DAEMON_ATTR_STATE, 1).Text(2, "eth0")))
          .bytes(),
      Datagram().Row(1, Attributes().U32(1, 1).U32(2, 2).U32(3, 3)).bytes(),
  };
  const auto decode_all = [](const Bytes& bytes) {
    const Message message(bytes);
    ipvs::ServiceRow service = {};
    ipvs::DestinationRow destination = {};
    ipvs::DaemonRecord daemon = {};
    ipvs::TimeoutsRecord timeouts = {};
    ipvs::InfoRow info = {};
    ipvs::DecodeService(message.get(), &service);
    ipvs::DecodeDestination(message.get(), &destination);
    ipvs::DecodeDaemon(message.get(), &daemon);
    ipvs::DecodeTimeouts(message.get(), &timeouts);
    ipvs::DecodeInfo(message.get(), &info);
  };
  std::mt19937 random(2);
  for (const Bytes& whole : messages) {
    for (size_t length = NLMSG_HDRLEN; length <= whole.size(); ++length) {
      Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
      const auto told = static_cast<uint32_t>(length);  // Connection passes no message that claims more
      std::memcpy(cut.data(), &told, sizeof told);
      decode_all(cut);
    }
    for (int i = 0; i < 5000; ++i) {
      Bytes mutilated = whole;
      for (uint32_t n = 1 + random() % 3; n > 0; --n) {
        mutilated[sizeof(uint32_t) + random() % (whole.size() - sizeof(uint32_t))] =
            static_cast<uint8_t>(random() % 4 == 0 ? 0xff : random());
      }
      decode_all(mutilated);
    }
  }
}

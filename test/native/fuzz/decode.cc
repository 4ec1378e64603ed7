#include "native/codec/decode.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "native/table/columns.h"
#include "test/native/fuzz/targets.h"
#include "test/native/messages.h"

namespace {

constexpr uint16_t kUnknownAttribute = 0x3f00;

// A message in memory of exactly its length.
class Message {
 public:
  explicit Message(const Bytes& bytes) : bytes_(new uint8_t[bytes.size()]) {
    std::copy(bytes.begin(), bytes.end(), bytes_.get());
  }
  const nlmsghdr* get() const { return reinterpret_cast<const nlmsghdr*>(bytes_.get()); }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
};

// A message with one nest, whose length is as it is: the last attribute may be torn.
Message Nested(uint16_t type, bool unknown_first, const uint8_t* data, size_t length) {
  const nlattr unknown = {NLA_HDRLEN, kUnknownAttribute};
  const size_t inside = length + (unknown_first ? sizeof unknown : 0);
  const nlattr nest = {static_cast<uint16_t>(NLA_HDRLEN + inside), type};
  Bytes payload(GENL_HDRLEN);
  Append(&payload, &nest, sizeof nest);
  if (unknown_first) Append(&payload, &unknown, sizeof unknown);
  Append(&payload, data, length);
  return Message(Datagram().Put(1, 30, payload).bytes());
}

template <typename Row, typename Decode>
Row Decoded(const Message& message, Decode decode) {
  Row row;
  std::memset(&row, 0, sizeof row);  // padding too, which is compared
  decode(message.get(), &row);
  return row;
}

// The decoder takes attributes in the kernel's order by a shorter way than others.
template <typename Row, typename Decode>
Row DecodedBothWays(uint16_t type, Decode decode, const uint8_t* data, size_t length) {
  const Row usual = Decoded<Row>(Nested(type, false, data, length), decode);
  const Row other = Decoded<Row>(Nested(type, true, data, length), decode);
  // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
  Expect(std::memcmp(&usual, &other, sizeof usual) == 0,
         "a row is the same whether or not an attribute that nobody knows stands before the others");
  return usual;
}

// The same service in a list and among a sample's identities.
void ExpectIdentity(const ipvs::ServiceRow& service, const ipvs::ListView& listed) {
  for (unsigned i = 0; i < ipvs::kCounters; ++i) {
    Expect(listed.Counter(i, 0) == service.counters[i], "a list has each counter in its own column");
  }
  ipvs::ServiceIdentities identities(1);
  identities.Set(0, service);
  const ipvs::Columns columns = identities.Take();
  const ipvs::ListView view(columns.services.data.get(), 1, ipvs::kServiceWords, 0);
  for (unsigned i = 0; i < ipvs::kServiceWords; ++i) {
    Expect(view.Word(i, 0) == listed.Word(i, 0), "a service is identified by the words that lists have");
  }
  for (const ipvs::ListView& each : {view, listed}) {
    Expect(std::memcmp(each.Address(0), service.config.address, ipvs::kAddressBytes) == 0,
           "a service's address is in its column");
  }
}

}  // namespace

void FuzzDecode(const uint8_t* data, size_t length) {
  constexpr size_t kLongestNest = 0xffff - 2 * NLA_HDRLEN;
  if (length > kLongestNest) return;
  const auto service =
      DecodedBothWays<ipvs::ServiceRow>(IPVS_CMD_ATTR_SERVICE, ipvs::DecodeService, data, length);
  const auto destination =
      DecodedBothWays<ipvs::DestinationRow>(IPVS_CMD_ATTR_DEST, ipvs::DecodeDestination, data, length);
  const ipvs::Columns columns = ipvs::ToColumns({service}, {destination});
  const ipvs::ListView view(columns.services.data.get(), columns.services.rows, ipvs::kServiceWords);
  ExpectIdentity(service, view);
  Expect(view.Word(ipvs::kServiceScheduler, 0) < columns.names.size(), "a service's scheduler has a name");
  Expect(view.Word(ipvs::kServiceEngine, 0) < columns.names.size(), "a service's engine has a name");
  for (const std::string& name : columns.names) {
    Expect(name.size() <= ipvs::kNameBytes, "a name is no longer than its field");
  }
  Decoded<ipvs::DaemonRecord>(Nested(IPVS_CMD_ATTR_DAEMON, false, data, length), ipvs::DecodeDaemon);

  // The same bytes as a whole message, but for its length, which whoever received it has checked.
  if (length < sizeof(nlmsghdr)) return;
  Bytes bytes(data, data + length);
  const auto real = static_cast<uint32_t>(length);
  std::memcpy(bytes.data() + offsetof(nlmsghdr, nlmsg_len), &real, sizeof real);
  const Message message(bytes);
  Decoded<ipvs::ServiceRow>(message, ipvs::DecodeService);
  Decoded<ipvs::DestinationRow>(message, ipvs::DecodeDestination);
  Decoded<ipvs::DaemonRecord>(message, ipvs::DecodeDaemon);
  Decoded<ipvs::TimeoutsRecord>(message, ipvs::DecodeTimeouts);
  Decoded<ipvs::InfoRow>(message, ipvs::DecodeInfo);
}

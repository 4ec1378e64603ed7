#include "native/codec/encode.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>

#include "native/codec/fields.h"

namespace ipvs {

namespace {

// What an attribute takes whose value has `length` bytes. Evaluated by the compiler alone, as is NestBytes().
constexpr size_t AttributeBytes(size_t length) {
  return NLA_HDRLEN + NLA_ALIGN(length);
}

constexpr size_t kNameAttributeBytes = AttributeBytes(kNameBytes + 1);  // with its NUL

template <size_t N>
constexpr size_t NestBytes(const std::array<Field, N>& fields) {
  size_t bytes = NLA_HDRLEN;
  for (const Field& field : fields) {
    if (field.sent == Sent::kNever) continue;
    bytes += field.form == Form::kName ? kNameAttributeBytes : AttributeBytes(SizeInRow(field.form));
  }
  return bytes;
}

constexpr size_t kDaemonBytes =
    NLA_HDRLEN + 5 * AttributeBytes(sizeof(uint32_t)) + AttributeBytes(kAddressBytes) + kNameAttributeBytes;
constexpr size_t kTimeoutsBytes = 3 * AttributeBytes(sizeof(uint32_t));
// The longest message is that with a service and a destination, all their attributes in it.
constexpr size_t kLongestBody = NestBytes(kServiceFields) + NestBytes(kDestinationFields);
static_assert(kLongestBody >= kDaemonBytes && kLongestBody >= kTimeoutsBytes);
constexpr size_t kLongestMessage = NLMSG_HDRLEN + GENL_HDRLEN + kLongestBody;

// A message while it is built, in `room` bytes that are zeroed, for the padding. Not libnl's nla_put*(),
// whose checks of room and debug level take as long as a fifth of what the kernel does with the message.
class Message {
 public:
  Message(uint8_t* start, size_t room) : start_(start), at_(start), end_(start + room) {}

  // PutHeader() and Put() append bytes, aligned as by the netlink macros.
  template <typename Header>
  void PutHeader(const Header& header) {
    uint8_t* const at = Advance(NLMSG_ALIGN(sizeof header));
    std::memcpy(at, &header, sizeof header);
  }
  void Put(int type, const void* value, size_t length) {
    const nlattr header = {static_cast<uint16_t>(NLA_HDRLEN + length), static_cast<uint16_t>(type)};
    uint8_t* const at = Advance(NLA_ALIGN(header.nla_len));
    std::memcpy(at, &header, sizeof header);
    std::memcpy(at + NLA_HDRLEN, value, length);
  }
  // Appends an attribute whose value is what `put` appends.
  template <typename PutAll>
  void Nest(int type, PutAll put) {
    uint8_t* const nest = Advance(NLA_HDRLEN);
    put();
    const nlattr header = {static_cast<uint16_t>(at_ - nest), static_cast<uint16_t>(type)};
    std::memcpy(nest, &header, sizeof header);
  }

  size_t length() const { return static_cast<size_t>(at_ - start_); }

 private:
  // Takes `length` bytes more, and returns where they start.
  uint8_t* Advance(size_t length) {
    assert(length <= static_cast<size_t>(end_ - at_));
    at_ += length;  // llvm-cov counts no line that follows an assert()
    return at_ - length;
  }

  uint8_t* start_;
  uint8_t* at_;
  uint8_t* end_;
};

uint32_t WordAt(const uint8_t* value) {
  uint32_t word = 0;
  std::memcpy(&word, value, sizeof word);
  return word;
}

void PutHost8(Message* message, int type, uint32_t value) {
  const auto narrow = static_cast<uint8_t>(value);
  message->Put(type, &narrow, sizeof narrow);
}

void PutHost16(Message* message, int type, uint32_t value) {
  const auto narrow = static_cast<uint16_t>(value);
  message->Put(type, &narrow, sizeof narrow);
}

void PutNetwork16(Message* message, int type, uint32_t value) {
  PutHost16(message, type, htons(static_cast<uint16_t>(value)));
}

void PutHost32(Message* message, int type, uint32_t value) {
  message->Put(type, &value, sizeof value);
}

// TypeScript lets no name have more than 15 bytes, but a record may hold 16 of anything.
void PutName(Message* message, int type, const char* name) {
  char terminated[kNameBytes + 1] = {};
  std::memcpy(terminated, name, kNameBytes);
  message->Put(type, terminated, std::strlen(terminated) + 1);
}

// How much of a service or destination a message carries.
enum class Extent : uint8_t { kIdentity, kAll };

bool IsSent(const Field& field, const uint8_t* value, Extent extent, bool marked) {
  switch (field.sent) {
    case Sent::kAlways:
      return true;
    case Sent::kMark:
      return marked;
    case Sent::kNoMark:
      return !marked;
    case Sent::kConfig:
      return extent == Extent::kAll;
    default:  // kConfigIfSet: PutFields() asks about none that is never sent
      return extent == Extent::kAll && (field.form == Form::kName ? value[0] != '\0' : WordAt(value) != 0);
  }
}

template <Form form>
void PutValue(Message* message, uint16_t type, const uint8_t* value, bool ipv4) {
  switch (form) {
    case Form::kHost8:
      return PutHost8(message, type, WordAt(value));
    case Form::kHost16:
      return PutHost16(message, type, WordAt(value));
    case Form::kNetwork16:
      return PutNetwork16(message, type, WordAt(value));
    case Form::kHost32:
      return PutHost32(message, type, WordAt(value));
    case Form::kNetmask:
      return PutHost32(message, type, ipv4 ? htonl(WordAt(value)) : WordAt(value));
    case Form::kFlags:
    case Form::kAddress:
      return message->Put(type, value, SizeInRow(form));
    case Form::kName:
      return PutName(message, type, reinterpret_cast<const char*>(value));
  }
}

// Puts the fields of a record, which stands `record_offset` bytes into its row.
template <const auto& fields, size_t record_offset>
void PutFields(Message* message, const void* record, Extent extent, bool marked, bool ipv4) {
  ForEachField<fields>([&](auto constant) {
    constexpr Field kField = decltype(constant)::kValue;
    if constexpr (kField.sent != Sent::kNever) {  // such a field is not in the record
      const uint8_t* const value = static_cast<const uint8_t*>(record) + (kField.offset - record_offset);
      if (IsSent(kField, value, extent, marked))
        PutValue<kField.form>(message, kField.attribute, value, ipv4);
    }
  });
}

void PutService(Message* message, const ServiceRecord& service, Extent extent) {
  message->Nest(IPVS_CMD_ATTR_SERVICE, [&] {
    PutFields<kServiceFields, offsetof(ServiceRow, config)>(message, &service, extent, service.fwmark != 0,
                                                            service.family == AF_INET);
  });
}

void PutDestination(Message* message, const DestinationRecord& destination, Extent extent) {
  message->Nest(IPVS_CMD_ATTR_DEST, [&] {
    PutFields<kDestinationFields, offsetof(DestinationRow, config)>(message, &destination, extent, false,
                                                                    destination.family == AF_INET);
  });
}

void PutDaemon(Message* message, const DaemonRecord& daemon, bool start) {
  PutHost32(message, IPVS_DAEMON_ATTR_STATE, daemon.role);
  if (!start) return;
  PutName(message, IPVS_DAEMON_ATTR_MCAST_IFN, daemon.interface);
  PutHost32(message, IPVS_DAEMON_ATTR_SYNC_ID, daemon.sync_id);
  if (daemon.max_length != 0) PutHost16(message, IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon.max_length);
  if (daemon.group_family == AF_INET) message->Put(IPVS_DAEMON_ATTR_MCAST_GROUP, daemon.group, 4);
  if (daemon.group_family == AF_INET6) {
    message->Put(IPVS_DAEMON_ATTR_MCAST_GROUP6, daemon.group, kAddressBytes);
  }
  // Host order, unlike every other port (ip_vs_genl_new_daemon: nla_get_u16).
  if (daemon.port != 0) PutHost16(message, IPVS_DAEMON_ATTR_MCAST_PORT, daemon.port);
  if (daemon.ttl != 0) PutHost8(message, IPVS_DAEMON_ATTR_MCAST_TTL, daemon.ttl);
}

void PutAttributes(Message* message, const CallRecord& call, Operation command) {
  const bool full_service = command == kNewService || command == kSetService;
  const bool full_destination = command == kNewDest || command == kSetDest;
  switch (command) {
    case kNewDaemon:
    case kDelDaemon:
      message->Nest(IPVS_CMD_ATTR_DAEMON, [&] { PutDaemon(message, call.daemon, command == kNewDaemon); });
      return;
    case kSetConfig:
      PutHost32(message, IPVS_CMD_ATTR_TIMEOUT_TCP, call.timeouts.tcp);
      PutHost32(message, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, call.timeouts.tcp_fin);
      PutHost32(message, IPVS_CMD_ATTR_TIMEOUT_UDP, call.timeouts.udp);
      return;
    case kZero:
      if (call.extent != kOneService) return;
      break;
    case kGetInfo:
    case kGetConfig:
    case kGetDaemon:
    case kFlush:
      return;
    default:
      break;
  }
  if (call.service.family == 0) return;  // a dump of all services
  PutService(message, call.service, full_service ? Extent::kAll : Extent::kIdentity);
  if (full_destination || command == kDelDest) {
    PutDestination(message, call.destination, full_destination ? Extent::kAll : Extent::kIdentity);
  }
}

}  // namespace

void Encoder::Append(const CallRecord& call, Operation command, uint16_t family, uint32_t port,
                     uint32_t sequence, uint16_t flags) {
  last_ = bytes_.size();
  bytes_.resize(last_ + kLongestMessage);
  Message message(bytes_.data() + last_, kLongestMessage);
  nlmsghdr header = {};
  header.nlmsg_type = family;
  header.nlmsg_flags = NLM_F_REQUEST | flags;
  header.nlmsg_seq = sequence;
  header.nlmsg_pid = port;
  message.PutHeader(header);
  genlmsghdr generic = {};
  generic.cmd = static_cast<uint8_t>(command);
  generic.version = IPVS_GENL_VERSION;
  message.PutHeader(generic);
  PutAttributes(&message, call, command);
  last()->nlmsg_len = static_cast<uint32_t>(message.length());
  bytes_.resize(last_ + message.length());
}

nlmsghdr* Encoder::last() {
  return reinterpret_cast<nlmsghdr*>(bytes_.data() + last_);
}

}  // namespace ipvs

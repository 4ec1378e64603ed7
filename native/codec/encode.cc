#include "native/codec/encode.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include <cstring>

namespace ipvs {

namespace {

// The longest, NEW_SERVICE with a persistence engine, has some 150 bytes; names are bounded by their records.
constexpr size_t kLongestMessage = 512;

// A message while it is built, in memory that is zeroed, for the padding, and long enough. Not libnl's
// nla_put*(), whose checks of room and debug level take as long as a fifth of what the kernel does with the
// message.
class Message {
 public:
  explicit Message(uint8_t* start) : start_(start), at_(start) {}

  // Each appends bytes, or makes room for them to be filled in, as the netlink macros align them.
  template <typename Header>
  void PutHeader(const Header& header) {
    std::memcpy(at_, &header, sizeof header);
    at_ += NLMSG_ALIGN(sizeof header);
  }
  void Put(int type, const void* value, size_t length) {
    const nlattr header = {static_cast<uint16_t>(NLA_HDRLEN + length), static_cast<uint16_t>(type)};
    std::memcpy(at_, &header, sizeof header);
    std::memcpy(at_ + NLA_HDRLEN, value, length);
    at_ += NLA_ALIGN(header.nla_len);
  }
  // Appends an attribute whose value is what `put` appends.
  template <typename PutAll>
  void Nest(int type, PutAll put) {
    uint8_t* const nest = at_;
    at_ += NLA_HDRLEN;
    put();
    const nlattr header = {static_cast<uint16_t>(at_ - nest), static_cast<uint16_t>(type)};
    std::memcpy(nest, &header, sizeof header);
  }

  size_t length() const { return static_cast<size_t>(at_ - start_); }

 private:
  uint8_t* start_;
  uint8_t* at_;
};

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

void PutNetwork32(Message* message, int type, uint32_t value) {
  PutHost32(message, type, htonl(value));
}

// A name fills at most 15 of its 16 bytes; TypeScript has seen to that.
void PutName(Message* message, int type, const char (&name)[kNameBytes]) {
  char terminated[kNameBytes + 1] = {};
  std::memcpy(terminated, name, kNameBytes);
  message->Put(type, terminated, std::strlen(terminated) + 1);
}

void PutServiceIdentity(Message* message, const ServiceRecord& service) {
  PutHost16(message, IPVS_SVC_ATTR_AF, service.family);
  // With FWMARK present, even 0, the kernel ignores the other three (ip_vs_genl_parse_service).
  if (service.fwmark != 0) {
    PutHost32(message, IPVS_SVC_ATTR_FWMARK, service.fwmark);
    return;
  }
  PutHost16(message, IPVS_SVC_ATTR_PROTOCOL, service.protocol);
  message->Put(IPVS_SVC_ATTR_ADDR, service.address, kAddressBytes);
  PutNetwork16(message, IPVS_SVC_ATTR_PORT, service.port);
}

void PutServiceConfig(Message* message, const ServiceRecord& service) {
  const ip_vs_flags flags = {service.flags, service.flags_mask};
  PutName(message, IPVS_SVC_ATTR_SCHED_NAME, service.scheduler);
  if (service.engine[0] != '\0') PutName(message, IPVS_SVC_ATTR_PE_NAME, service.engine);
  message->Put(IPVS_SVC_ATTR_FLAGS, &flags, sizeof flags);
  PutHost32(message, IPVS_SVC_ATTR_TIMEOUT, service.timeout);
  if (service.family == AF_INET) {
    PutNetwork32(message, IPVS_SVC_ATTR_NETMASK, service.netmask);
  } else {
    PutHost32(message, IPVS_SVC_ATTR_NETMASK, service.netmask);
  }
}

void PutDestinationIdentity(Message* message, const DestinationRecord& destination) {
  PutHost16(message, IPVS_DEST_ATTR_ADDR_FAMILY, destination.family);
  message->Put(IPVS_DEST_ATTR_ADDR, destination.address, kAddressBytes);
  PutNetwork16(message, IPVS_DEST_ATTR_PORT, destination.port);
}

void PutDestinationConfig(Message* message, const DestinationRecord& destination) {
  PutHost32(message, IPVS_DEST_ATTR_FWD_METHOD, destination.forwarding);
  PutHost32(message, IPVS_DEST_ATTR_WEIGHT, destination.weight);
  PutHost32(message, IPVS_DEST_ATTR_U_THRESH, destination.upper_threshold);
  PutHost32(message, IPVS_DEST_ATTR_L_THRESH, destination.lower_threshold);
  // The kernel keeps a tunnel's fields under any forwarding, and sets those that are left out to 0.
  const bool has_tunnel = (destination.tunnel_type | destination.tunnel_port | destination.tunnel_flags) != 0;
  if (has_tunnel || destination.forwarding == IP_VS_CONN_F_TUNNEL) {
    PutHost8(message, IPVS_DEST_ATTR_TUN_TYPE, destination.tunnel_type);
    PutNetwork16(message, IPVS_DEST_ATTR_TUN_PORT, destination.tunnel_port);
    PutHost16(message, IPVS_DEST_ATTR_TUN_FLAGS, destination.tunnel_flags);
  }
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
      if (call.fields == 0) return;  // everything
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
  message->Nest(IPVS_CMD_ATTR_SERVICE, [&] {
    PutServiceIdentity(message, call.service);
    if (full_service) PutServiceConfig(message, call.service);
  });
  if (full_destination || command == kDelDest) {
    message->Nest(IPVS_CMD_ATTR_DEST, [&] {
      PutDestinationIdentity(message, call.destination);
      if (full_destination) PutDestinationConfig(message, call.destination);
    });
  }
}

}  // namespace

void Encoder::Append(const CallRecord& call, Operation command, uint16_t family, uint32_t port,
                     uint32_t sequence, uint16_t flags) {
  last_ = bytes_.size();
  bytes_.resize(last_ + kLongestMessage);
  Message message(bytes_.data() + last_);
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

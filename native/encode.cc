#include "encode.h"

#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include <cstring>

namespace ipvs {

namespace {

constexpr size_t kLongestMessage = 1024;  // the longest, NEW_DEST with a tunnel, has 164 bytes

void PutHost8(nl_msg* message, int type, uint32_t value) {
  nla_put_u8(message, type, static_cast<uint8_t>(value));
}

void PutHost16(nl_msg* message, int type, uint32_t value) {
  nla_put_u16(message, type, static_cast<uint16_t>(value));
}

void PutNetwork16(nl_msg* message, int type, uint32_t value) {
  nla_put_u16(message, type, htons(static_cast<uint16_t>(value)));
}

void PutHost32(nl_msg* message, int type, uint32_t value) {
  nla_put_u32(message, type, value);
}

void PutNetwork32(nl_msg* message, int type, uint32_t value) {
  nla_put_u32(message, type, htonl(value));
}

// A name fills at most 15 of its 16 bytes; TypeScript has seen to that.
void PutName(nl_msg* message, int type, const char (&name)[kNameBytes]) {
  char terminated[kNameBytes + 1] = {};
  std::memcpy(terminated, name, kNameBytes);
  nla_put_string(message, type, terminated);
}

void PutServiceIdentity(nl_msg* message, const ServiceRecord& service) {
  PutHost16(message, IPVS_SVC_ATTR_AF, service.family);
  // With FWMARK present, even 0, the kernel ignores the other three (ip_vs_genl_parse_service).
  if (service.fwmark != 0) {
    PutHost32(message, IPVS_SVC_ATTR_FWMARK, service.fwmark);
    return;
  }
  PutHost16(message, IPVS_SVC_ATTR_PROTOCOL, service.protocol);
  nla_put(message, IPVS_SVC_ATTR_ADDR, kAddressBytes, service.address);
  PutNetwork16(message, IPVS_SVC_ATTR_PORT, service.port);
}

void PutServiceConfig(nl_msg* message, const ServiceRecord& service) {
  const ip_vs_flags flags = {service.flags, service.flags_mask};
  PutName(message, IPVS_SVC_ATTR_SCHED_NAME, service.scheduler);
  if (service.engine[0] != '\0') PutName(message, IPVS_SVC_ATTR_PE_NAME, service.engine);
  nla_put(message, IPVS_SVC_ATTR_FLAGS, sizeof flags, &flags);
  PutHost32(message, IPVS_SVC_ATTR_TIMEOUT, service.timeout);
  if (service.family == AF_INET) {
    PutNetwork32(message, IPVS_SVC_ATTR_NETMASK, service.netmask);
  } else {
    PutHost32(message, IPVS_SVC_ATTR_NETMASK, service.netmask);
  }
}

void PutDestinationIdentity(nl_msg* message, const DestinationRecord& destination) {
  PutHost16(message, IPVS_DEST_ATTR_ADDR_FAMILY, destination.family);
  nla_put(message, IPVS_DEST_ATTR_ADDR, kAddressBytes, destination.address);
  PutNetwork16(message, IPVS_DEST_ATTR_PORT, destination.port);
}

void PutDestinationConfig(nl_msg* message, const DestinationRecord& destination) {
  PutHost32(message, IPVS_DEST_ATTR_FWD_METHOD, destination.forwarding);
  PutHost32(message, IPVS_DEST_ATTR_WEIGHT, destination.weight);
  PutHost32(message, IPVS_DEST_ATTR_U_THRESH, destination.upper_threshold);
  PutHost32(message, IPVS_DEST_ATTR_L_THRESH, destination.lower_threshold);
  if (destination.forwarding == IP_VS_CONN_F_TUNNEL) {
    PutHost8(message, IPVS_DEST_ATTR_TUN_TYPE, destination.tunnel_type);
    PutNetwork16(message, IPVS_DEST_ATTR_TUN_PORT, destination.tunnel_port);
    PutHost16(message, IPVS_DEST_ATTR_TUN_FLAGS, destination.tunnel_flags);
  }
}

void PutDaemon(nl_msg* message, const DaemonRecord& daemon, bool start) {
  PutHost32(message, IPVS_DAEMON_ATTR_STATE, daemon.role);
  if (!start) return;
  PutName(message, IPVS_DAEMON_ATTR_MCAST_IFN, daemon.interface);
  PutHost32(message, IPVS_DAEMON_ATTR_SYNC_ID, daemon.sync_id);
  if (daemon.max_length != 0) PutHost16(message, IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon.max_length);
  if (daemon.group_family == AF_INET) nla_put(message, IPVS_DAEMON_ATTR_MCAST_GROUP, 4, daemon.group);
  if (daemon.group_family == AF_INET6) {
    nla_put(message, IPVS_DAEMON_ATTR_MCAST_GROUP6, kAddressBytes, daemon.group);
  }
  // Host order, unlike every other port (ip_vs_genl_new_daemon: nla_get_u16).
  if (daemon.port != 0) PutHost16(message, IPVS_DAEMON_ATTR_MCAST_PORT, daemon.port);
  if (daemon.ttl != 0) PutHost8(message, IPVS_DAEMON_ATTR_MCAST_TTL, daemon.ttl);
}

template <typename Put>
void Nest(nl_msg* message, int type, Put put) {
  nlattr* nest = nla_nest_start(message, type);
  put();
  nla_nest_end(message, nest);
}

void PutAttributes(nl_msg* message, const CallRecord& call, Operation command) {
  const bool full_service = command == kNewService || command == kSetService;
  const bool full_destination = command == kNewDest || command == kSetDest;
  switch (command) {
    case kNewDaemon:
    case kDelDaemon:
      Nest(message, IPVS_CMD_ATTR_DAEMON, [&] { PutDaemon(message, call.daemon, command == kNewDaemon); });
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
  Nest(message, IPVS_CMD_ATTR_SERVICE, [&] {
    PutServiceIdentity(message, call.service);
    if (full_service) PutServiceConfig(message, call.service);
  });
  if (full_destination || command == kDelDest) {
    Nest(message, IPVS_CMD_ATTR_DEST, [&] {
      PutDestinationIdentity(message, call.destination);
      if (full_destination) PutDestinationConfig(message, call.destination);
    });
  }
}

}  // namespace

Encoder::Encoder() : message_(nlmsg_alloc_size(kLongestMessage)) {}

void Encoder::Append(const CallRecord& call, Operation command, uint16_t family, uint32_t port,
                     uint32_t sequence, uint16_t flags) {
  nlmsghdr* header = nlmsg_hdr(message_.get());
  header->nlmsg_len = NLMSG_HDRLEN;
  genlmsg_put(message_.get(), port, sequence, family, 0, NLM_F_REQUEST | flags, static_cast<uint8_t>(command),
              IPVS_GENL_VERSION);
  PutAttributes(message_.get(), call, command);
  last_ = bytes_.size();
  bytes_.resize(last_ + NLMSG_ALIGN(header->nlmsg_len));
  std::memcpy(bytes_.data() + last_, header, header->nlmsg_len);
}

nlmsghdr* Encoder::last() {
  return reinterpret_cast<nlmsghdr*>(bytes_.data() + last_);
}

}  // namespace ipvs

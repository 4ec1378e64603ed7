#include "decode.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include <algorithm>
#include <cstring>

namespace ipvs {

namespace {

// IP_VS_SVC_F_HASHED is the kernel's own and set on every service it reports.
constexpr uint32_t kHashed = 0x2;

uint32_t GetHost8(const nlattr* attribute) {
  return nla_len(attribute) >= 1 ? *static_cast<const uint8_t*>(nla_data(attribute)) : 0;
}

uint32_t GetHost16(const nlattr* attribute) {
  uint16_t value = 0;
  if (nla_len(attribute) >= static_cast<int>(sizeof value))
    std::memcpy(&value, nla_data(attribute), sizeof value);
  return value;
}

uint32_t GetNetwork16(const nlattr* attribute) {
  return ntohs(static_cast<uint16_t>(GetHost16(attribute)));
}

uint32_t GetHost32(const nlattr* attribute) {
  uint32_t value = 0;
  if (nla_len(attribute) >= static_cast<int>(sizeof value))
    std::memcpy(&value, nla_data(attribute), sizeof value);
  return value;
}

uint32_t GetNetwork32(const nlattr* attribute) {
  return ntohl(GetHost32(attribute));
}

// Attributes are aligned to 4 bytes only, so 64-bit values are copied, not dereferenced.
uint64_t GetHost64(const nlattr* attribute) {
  uint64_t value = 0;
  if (nla_len(attribute) >= static_cast<int>(sizeof value))
    std::memcpy(&value, nla_data(attribute), sizeof value);
  return value;
}

void GetAddress(const nlattr* attribute, uint8_t (&address)[kAddressBytes]) {
  std::memcpy(address, nla_data(attribute),
              std::clamp(nla_len(attribute), 0, static_cast<int>(kAddressBytes)));
}

void GetName(const nlattr* attribute, char (&name)[kNameBytes]) {
  std::memcpy(name, nla_data(attribute), std::clamp(nla_len(attribute), 0, static_cast<int>(kNameBytes)));
}

// Calls visit(type, attribute) for each attribute of a stream. The kernel nests without NLA_F_NESTED;
// nla_type() masks it anyway.
template <typename Visit>
void ForEach(const nlattr* head, int length, Visit visit) {
  int remaining = length;
  for (const nlattr* at = head; nla_ok(at, remaining) != 0; at = nla_next(at, &remaining)) {
    visit(nla_type(at), at);
  }
}

template <typename Visit>
void ForEachNested(const nlattr* nest, Visit visit) {
  ForEach(static_cast<const nlattr*>(nla_data(nest)), nla_len(nest), visit);
}

// The attributes of a whole message; false when it is too short to be one of generic netlink's.
template <typename Visit>
bool ForEachOf(const nlmsghdr* message, Visit visit) {
  const int length = static_cast<int>(message->nlmsg_len) - static_cast<int>(NLMSG_LENGTH(GENL_HDRLEN));
  if (length < 0) return false;
  const auto* start = reinterpret_cast<const uint8_t*>(message) + NLMSG_LENGTH(GENL_HDRLEN);
  ForEach(reinterpret_cast<const nlattr*>(start), length, visit);
  return true;
}

void DecodeCounters64(const nlattr* nest, uint64_t (&counters)[kCounters]) {
  ForEachNested(nest, [&](int type, const nlattr* at) {
    if (type >= IPVS_STATS_ATTR_CONNS && type <= IPVS_STATS_ATTR_OUTBPS) {
      counters[type - IPVS_STATS_ATTR_CONNS] = GetHost64(at);
    }
  });
}

// Kernels before 4.1 have only these: bytes in 64 bits, everything else in 32.
void DecodeCounters32(const nlattr* nest, uint64_t (&counters)[kCounters]) {
  ForEachNested(nest, [&](int type, const nlattr* at) {
    if (type >= IPVS_STATS_ATTR_CONNS && type <= IPVS_STATS_ATTR_OUTBPS) {
      counters[type - IPVS_STATS_ATTR_CONNS] =
          nla_len(at) >= static_cast<int>(sizeof(uint64_t)) ? GetHost64(at) : GetHost32(at);
    }
  });
}

void DecodeServiceNest(const nlattr* nest, ServiceRow* row) {
  ServiceRecord& config = row->config;
  const nlattr* stats = nullptr;
  const nlattr* netmask = nullptr;
  bool wide = false;
  ForEachNested(nest, [&](int type, const nlattr* at) {
    switch (type) {
      case IPVS_SVC_ATTR_AF:
        config.family = GetHost16(at);
        break;
      case IPVS_SVC_ATTR_PROTOCOL:
        config.protocol = GetHost16(at);
        break;
      case IPVS_SVC_ATTR_ADDR:
        GetAddress(at, config.address);
        break;
      case IPVS_SVC_ATTR_PORT:
        config.port = GetNetwork16(at);
        break;
      case IPVS_SVC_ATTR_FWMARK:
        config.fwmark = GetHost32(at);
        break;
      case IPVS_SVC_ATTR_SCHED_NAME:
        GetName(at, config.scheduler);
        break;
      case IPVS_SVC_ATTR_PE_NAME:
        GetName(at, config.engine);
        break;
      case IPVS_SVC_ATTR_FLAGS:
        config.flags = GetHost32(at) & ~kHashed;
        break;
      case IPVS_SVC_ATTR_TIMEOUT:
        config.timeout = GetHost32(at);
        break;
      case IPVS_SVC_ATTR_NETMASK:
        netmask = at;
        break;
      case IPVS_SVC_ATTR_STATS:
        stats = at;
        break;
      case IPVS_SVC_ATTR_STATS64:
        DecodeCounters64(at, row->counters);
        wide = true;
        break;
      default:
        break;
    }
  });
  config.flags_mask = ~0U;
  if (netmask != nullptr) {
    config.netmask = config.family == AF_INET ? GetNetwork32(netmask) : GetHost32(netmask);
  }
  if (!wide && stats != nullptr) DecodeCounters32(stats, row->counters);
}

void DecodeDestinationNest(const nlattr* nest, DestinationRow* row) {
  DestinationRecord& config = row->config;
  const nlattr* stats = nullptr;
  bool wide = false;
  ForEachNested(nest, [&](int type, const nlattr* at) {
    switch (type) {
      case IPVS_DEST_ATTR_ADDR_FAMILY:
        config.family = GetHost16(at);
        break;
      case IPVS_DEST_ATTR_ADDR:
        GetAddress(at, config.address);
        break;
      case IPVS_DEST_ATTR_PORT:
        config.port = GetNetwork16(at);
        break;
      case IPVS_DEST_ATTR_FWD_METHOD:
        config.forwarding = GetHost32(at);
        break;
      case IPVS_DEST_ATTR_WEIGHT:
        config.weight = GetHost32(at);
        break;
      case IPVS_DEST_ATTR_U_THRESH:
        config.upper_threshold = GetHost32(at);
        break;
      case IPVS_DEST_ATTR_L_THRESH:
        config.lower_threshold = GetHost32(at);
        break;
      case IPVS_DEST_ATTR_TUN_TYPE:
        config.tunnel_type = GetHost8(at);
        break;
      case IPVS_DEST_ATTR_TUN_PORT:
        config.tunnel_port = GetNetwork16(at);
        break;
      case IPVS_DEST_ATTR_TUN_FLAGS:
        config.tunnel_flags = GetHost16(at);
        break;
      case IPVS_DEST_ATTR_ACTIVE_CONNS:
        row->active_connections = GetHost32(at);
        break;
      case IPVS_DEST_ATTR_INACT_CONNS:
        row->inactive_connections = GetHost32(at);
        break;
      case IPVS_DEST_ATTR_PERSIST_CONNS:
        row->persistent_connections = GetHost32(at);
        break;
      case IPVS_DEST_ATTR_STATS:
        stats = at;
        break;
      case IPVS_DEST_ATTR_STATS64:
        DecodeCounters64(at, row->counters);
        wide = true;
        break;
      default:
        break;
    }
  });
  if (!wide && stats != nullptr) DecodeCounters32(stats, row->counters);
}

}  // namespace

bool DecodeService(const nlmsghdr* message, ServiceRow* row) {
  *row = {};
  ForEachOf(message, [&](int type, const nlattr* at) {
    if (type == IPVS_CMD_ATTR_SERVICE) DecodeServiceNest(at, row);
  });
  return row->config.family != 0;
}

bool DecodeDestination(const nlmsghdr* message, DestinationRow* row) {
  *row = {};
  bool found = false;
  ForEachOf(message, [&](int type, const nlattr* at) {
    if (type != IPVS_CMD_ATTR_DEST) return;
    DecodeDestinationNest(at, row);
    found = true;
  });
  return found;
}

bool DecodeDaemon(const nlmsghdr* message, DaemonRecord* row) {
  *row = {};
  ForEachOf(message, [&](int type, const nlattr* nest) {
    if (type != IPVS_CMD_ATTR_DAEMON) return;
    ForEachNested(nest, [&](int child, const nlattr* at) {
      switch (child) {
        case IPVS_DAEMON_ATTR_STATE:
          row->role = GetHost32(at);
          break;
        case IPVS_DAEMON_ATTR_MCAST_IFN:
          GetName(at, row->interface);
          break;
        case IPVS_DAEMON_ATTR_SYNC_ID:
          row->sync_id = GetHost32(at);
          break;
        case IPVS_DAEMON_ATTR_SYNC_MAXLEN:
          row->max_length = GetHost16(at);
          break;
        case IPVS_DAEMON_ATTR_MCAST_GROUP:
          row->group_family = AF_INET;
          GetAddress(at, row->group);
          break;
        case IPVS_DAEMON_ATTR_MCAST_GROUP6:
          row->group_family = AF_INET6;
          GetAddress(at, row->group);
          break;
        case IPVS_DAEMON_ATTR_MCAST_PORT:
          row->port = GetHost16(at);
          break;
        case IPVS_DAEMON_ATTR_MCAST_TTL:
          row->ttl = GetHost8(at);
          break;
        default:
          break;
      }
    });
  });
  return row->role != 0;
}

bool DecodeTimeouts(const nlmsghdr* message, TimeoutsRecord* row) {
  *row = {};
  return ForEachOf(message, [&](int type, const nlattr* at) {
    switch (type) {
      case IPVS_CMD_ATTR_TIMEOUT_TCP:
        row->tcp = GetHost32(at);
        break;
      case IPVS_CMD_ATTR_TIMEOUT_TCP_FIN:
        row->tcp_fin = GetHost32(at);
        break;
      case IPVS_CMD_ATTR_TIMEOUT_UDP:
        row->udp = GetHost32(at);
        break;
      default:
        break;
    }
  });
}

bool DecodeInfo(const nlmsghdr* message, InfoRow* row) {
  *row = {};
  return ForEachOf(message, [&](int type, const nlattr* at) {
    switch (type) {
      case IPVS_INFO_ATTR_VERSION:
        row->version = GetHost32(at);
        break;
      case IPVS_INFO_ATTR_CONN_TAB_SIZE:
        row->connection_table_size = GetHost32(at);
        break;
      default:
        break;
    }
  });
}

}  // namespace ipvs

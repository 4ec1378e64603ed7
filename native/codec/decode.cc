#include "native/codec/decode.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "native/codec/fields.h"

namespace ipvs {

namespace {

// The value of an attribute, aligned to 4 bytes only: numbers are copied, not dereferenced.
struct Attribute {
  const uint8_t* data;
  size_t length;
};

// A number that is too short reads as 0.
template <typename Number>
Number GetHost(Attribute attribute) {
  Number value = 0;
  if (attribute.length >= sizeof value) std::memcpy(&value, attribute.data, sizeof value);
  return value;
}

uint32_t GetHost8(Attribute attribute) {
  return GetHost<uint8_t>(attribute);
}

uint32_t GetHost16(Attribute attribute) {
  return GetHost<uint16_t>(attribute);
}

uint32_t GetNetwork16(Attribute attribute) {
  return ntohs(GetHost<uint16_t>(attribute));
}

uint32_t GetHost32(Attribute attribute) {
  return GetHost<uint32_t>(attribute);
}

uint64_t GetHost64(Attribute attribute) {
  return GetHost<uint64_t>(attribute);
}

// Copies as much as there is room for, and leaves the rest as it is.
template <typename Byte, size_t room>
void GetBytes(Attribute attribute, Byte (&bytes)[room]) {
  std::memcpy(bytes, attribute.data, std::min(attribute.length, room));
}

// Calls visit(type, attribute) for each attribute of a stream, up to the first whose length is impossible.
// Not by libnl's nla_*(): a row has some 35 attributes, each of which would take five calls into the library.
// The kernel nests without NLA_F_NESTED; the type is masked anyway.
template <typename Visit>
void ForEach(Attribute stream, Visit visit) {
  while (stream.length >= NLA_HDRLEN) {
    nlattr header;
    std::memcpy(&header, stream.data, sizeof header);
    if (header.nla_len < NLA_HDRLEN || header.nla_len > stream.length) return;
    visit(header.nla_type & NLA_TYPE_MASK,
          Attribute{stream.data + NLA_HDRLEN, static_cast<size_t>(header.nla_len) - NLA_HDRLEN});
    const size_t step = std::min<size_t>(NLA_ALIGN(header.nla_len), stream.length);
    stream.data += step;
    stream.length -= step;
  }
}

// The attributes of a whole message; false when it is too short to be one of generic netlink's.
template <typename Visit>
bool ForEachOf(const nlmsghdr* message, Visit visit) {
  if (message->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN)) return false;
  const auto* start = reinterpret_cast<const uint8_t*>(message) + NLMSG_LENGTH(GENL_HDRLEN);
  ForEach({start, message->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN)}, visit);
  return true;
}

// Reads a stream's attributes as long as they come in the expected order. A kernel writes a row's attributes
// in one order, and comparing each with the expected one costs less than finding out which one it is.
// ForEach() reads whatever follows the first that is not as expected.
class Expecting {
 public:
  explicit Expecting(Attribute stream) : rest_(stream) {}

  // Takes the next attribute into *value if it is `type` and as long as a Number; false if not.
  template <int type, typename Number>
  bool Take(Number* value) {
    if (!Next(type, sizeof *value)) return false;
    std::memcpy(value, rest_.data + NLA_HDRLEN, sizeof *value);
    Skip(NLA_ALIGN(NLA_HDRLEN + sizeof *value));
    return true;
  }

  // The attributes that were not taken.
  Attribute rest() const { return rest_; }

 private:
  bool Next(int type, size_t size) const {
    if (rest_.length < NLA_ALIGN(NLA_HDRLEN + size)) return false;
    const nlattr expected = {static_cast<uint16_t>(NLA_HDRLEN + size), static_cast<uint16_t>(type)};
    return std::memcmp(rest_.data, &expected, sizeof expected) == 0;
  }

  void Skip(size_t length) {
    rest_.data += length;
    rest_.length -= length;
  }

  Attribute rest_;
};

void DecodeCounters64(Attribute nest, uint64_t (&counters)[kCounters]) {
  static_assert(kCounters == 10 && IPVS_STATS_ATTR_OUTBPS - IPVS_STATS_ATTR_CONNS == 9);
  // The order of ip_vs_genl_fill_stats64(). Machines that must align 64-bit values have padding between them.
  Expecting next(nest);
  static_cast<void>(
      next.Take<IPVS_STATS_ATTR_CONNS>(&counters[0]) && next.Take<IPVS_STATS_ATTR_INPKTS>(&counters[1]) &&
      next.Take<IPVS_STATS_ATTR_OUTPKTS>(&counters[2]) && next.Take<IPVS_STATS_ATTR_INBYTES>(&counters[3]) &&
      next.Take<IPVS_STATS_ATTR_OUTBYTES>(&counters[4]) && next.Take<IPVS_STATS_ATTR_CPS>(&counters[5]) &&
      next.Take<IPVS_STATS_ATTR_INPPS>(&counters[6]) && next.Take<IPVS_STATS_ATTR_OUTPPS>(&counters[7]) &&
      next.Take<IPVS_STATS_ATTR_INBPS>(&counters[8]) && next.Take<IPVS_STATS_ATTR_OUTBPS>(&counters[9]));
  ForEach(next.rest(), [&](int type, Attribute at) {
    if (type >= IPVS_STATS_ATTR_CONNS && type <= IPVS_STATS_ATTR_OUTBPS) {
      counters[type - IPVS_STATS_ATTR_CONNS] = GetHost64(at);
    }
  });
}

// The counters of kernels before 4.1, which have no others: bytes in 64 bits, everything else in 32.
void DecodeCounters32(Attribute nest, uint64_t (&counters)[kCounters]) {
  ForEach(nest, [&](int type, Attribute at) {
    if (type >= IPVS_STATS_ATTR_CONNS && type <= IPVS_STATS_ATTR_OUTBPS) {
      counters[type - IPVS_STATS_ATTR_CONNS] = at.length >= sizeof(uint64_t) ? GetHost64(at) : GetHost32(at);
    }
  });
}

// Where each attribute stands in its table, by its number. Evaluated by the compiler alone.
constexpr uint8_t kUnknown = 0xff;
template <size_t N>
constexpr std::array<uint8_t, 32> Places(const std::array<Field, N>& fields) {
  std::array<uint8_t, 32> places = {};
  for (uint8_t& place : places) place = kUnknown;
  for (size_t i = 0; i < N; ++i) places[fields[i].attribute] = static_cast<uint8_t>(i);
  return places;
}

uint32_t GetNumber(Form form, Attribute at) {
  switch (form) {
    case Form::kHost8:
      return GetHost8(at);
    case Form::kHost16:
      return GetHost16(at);
    case Form::kNetwork16:
      return GetNetwork16(at);
    case Form::kFlags:
      return GetHost32(at) & ~uint32_t{IP_VS_SVC_F_HASHED};  // the kernel sets it on every service
    default:                                                 // a netmask, too: the family may follow
      return GetHost32(at);
  }
}

// Copies an attribute into the row, if the table has that attribute.
template <typename Row, size_t N>
void Read(const std::array<Field, N>& fields, const std::array<uint8_t, 32>& places, int type, Attribute at,
          Row* row) {
  if (static_cast<size_t>(type) >= places.size() || places[type] == kUnknown) return;
  const Field& field = fields[places[type]];
  uint8_t* const value = reinterpret_cast<uint8_t*>(row) + field.offset;
  if (field.form == Form::kAddress || field.form == Form::kName) {
    std::memcpy(value, at.data, std::min(at.length, SizeInRow(field.form)));
  } else {
    const uint32_t number = GetNumber(field.form, at);
    std::memcpy(value, &number, sizeof number);
  }
}

void DecodeServiceNest(Attribute nest, ServiceRow* row) {
  static constexpr auto kPlaces = Places(kServiceFields);
  Attribute stats = {};
  bool wide = false;
  ForEach(nest, [&](int type, Attribute at) {
    if (type == IPVS_SVC_ATTR_STATS) {
      stats = at;
    } else if (type == IPVS_SVC_ATTR_STATS64) {
      DecodeCounters64(at, row->counters);
      wide = true;
    } else {
      Read(kServiceFields, kPlaces, type, at, row);
    }
  });
  ServiceRecord& config = row->config;
  config.flags_mask = ~0U;
  if (config.family == AF_INET) config.netmask = ntohl(config.netmask);
  if (!wide && stats.data != nullptr) DecodeCounters32(stats, row->counters);
}

// Decodes the attributes that ip_vs_genl_fill_dest() starts with, in its order since Linux 5.3, and returns
// the rest of the stream: the statistics, or all that follows an attribute that is missing. By hand, as the
// most frequent row of all; a native test holds it to kDestinationFields.
Attribute DecodeUsualDestination(Attribute nest, DestinationRow* row) {
  DestinationRecord& config = row->config;
  Expecting next(nest);
  uint16_t port = 0;
  uint16_t tunnel_port = 0;
  uint16_t tunnel_flags = 0;
  uint16_t family = 0;
  uint8_t tunnel_type = 0;
  static_cast<void>(
      next.Take<IPVS_DEST_ATTR_ADDR>(&config.address) && next.Take<IPVS_DEST_ATTR_PORT>(&port) &&
      next.Take<IPVS_DEST_ATTR_FWD_METHOD>(&config.forwarding) &&
      next.Take<IPVS_DEST_ATTR_WEIGHT>(&config.weight) && next.Take<IPVS_DEST_ATTR_TUN_TYPE>(&tunnel_type) &&
      next.Take<IPVS_DEST_ATTR_TUN_PORT>(&tunnel_port) &&
      next.Take<IPVS_DEST_ATTR_TUN_FLAGS>(&tunnel_flags) &&
      next.Take<IPVS_DEST_ATTR_U_THRESH>(&config.upper_threshold) &&
      next.Take<IPVS_DEST_ATTR_L_THRESH>(&config.lower_threshold) &&
      next.Take<IPVS_DEST_ATTR_ACTIVE_CONNS>(&row->active_connections) &&
      next.Take<IPVS_DEST_ATTR_INACT_CONNS>(&row->inactive_connections) &&
      next.Take<IPVS_DEST_ATTR_PERSIST_CONNS>(&row->persistent_connections) &&
      next.Take<IPVS_DEST_ATTR_ADDR_FAMILY>(&family));
  config.port = ntohs(port);
  config.tunnel_type = tunnel_type;
  config.tunnel_port = ntohs(tunnel_port);
  config.tunnel_flags = tunnel_flags;
  config.family = family;
  return next.rest();
}

void DecodeDestinationNest(Attribute nest, DestinationRow* row) {
  static constexpr auto kPlaces = Places(kDestinationFields);
  Attribute stats = {};
  bool wide = false;
  ForEach(DecodeUsualDestination(nest, row), [&](int type, Attribute at) {
    if (type == IPVS_DEST_ATTR_STATS) {
      stats = at;
    } else if (type == IPVS_DEST_ATTR_STATS64) {
      DecodeCounters64(at, row->counters);
      wide = true;
    } else {
      Read(kDestinationFields, kPlaces, type, at, row);
    }
  });
  if (!wide && stats.data != nullptr) DecodeCounters32(stats, row->counters);
}

}  // namespace

bool DecodeService(const nlmsghdr* message, ServiceRow* row) {
  ForEachOf(message, [&](int type, Attribute at) {
    if (type == IPVS_CMD_ATTR_SERVICE) DecodeServiceNest(at, row);
  });
  return row->config.family != 0;
}

bool DecodeDestination(const nlmsghdr* message, DestinationRow* row) {
  bool found = false;
  ForEachOf(message, [&](int type, Attribute at) {
    if (type != IPVS_CMD_ATTR_DEST) return;
    DecodeDestinationNest(at, row);
    found = true;
  });
  return found;
}

bool DecodeDaemon(const nlmsghdr* message, DaemonRecord* row) {
  ForEachOf(message, [&](int type, Attribute nest) {
    if (type != IPVS_CMD_ATTR_DAEMON) return;
    ForEach(nest, [&](int child, Attribute at) {
      switch (child) {
        case IPVS_DAEMON_ATTR_STATE:
          row->role = GetHost32(at);
          break;
        case IPVS_DAEMON_ATTR_MCAST_IFN:
          GetBytes(at, row->interface);
          break;
        case IPVS_DAEMON_ATTR_SYNC_ID:
          row->sync_id = GetHost32(at);
          break;
        case IPVS_DAEMON_ATTR_SYNC_MAXLEN:
          row->max_length = GetHost16(at);
          break;
        case IPVS_DAEMON_ATTR_MCAST_GROUP:
          row->group_family = AF_INET;
          GetBytes(at, row->group);
          break;
        case IPVS_DAEMON_ATTR_MCAST_GROUP6:
          row->group_family = AF_INET6;
          GetBytes(at, row->group);
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
  return ForEachOf(message, [&](int type, Attribute at) {
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
  return ForEachOf(message, [&](int type, Attribute at) {
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

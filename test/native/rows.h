// Rows as the kernel reports them, whole and in part.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "test/native/messages.h"

// The ten counters first, first + 1, … in 64 bits, as IPVS_*_ATTR_STATS64 has them since Linux 4.1.
inline Attributes Stats64(uint64_t first) {
  Attributes stats;
  for (int i = 0; i < 10; ++i) stats.U64(IPVS_STATS_ATTR_CONNS + i, first + static_cast<uint64_t>(i));
  return stats;
}

// The same as IPVS_*_ATTR_STATS has them: 32 bits each, bytes in 64 (ip_vs_genl_fill_stats).
inline Attributes Stats32(uint32_t first) {
  Attributes stats;
  for (uint32_t i = 0; i < 10; ++i) {
    const int type = IPVS_STATS_ATTR_CONNS + static_cast<int>(i);
    if (type == IPVS_STATS_ATTR_INBYTES || type == IPVS_STATS_ATTR_OUTBYTES) {
      stats.U64(type, first + i);
    } else {
      stats.U32(type, first + i);
    }
  }
  return stats;
}

constexpr uint8_t kServiceAddress[16] = {192, 0, 2, 1};

// A TCP service, as ip_vs_genl_fill_service() writes it.
inline Attributes ServiceRow(uint16_t port, uint64_t first_counter = 0) {
  const uint32_t flags[] = {0x2, 0xffffffff};  // the kernel's own flag alone
  return Attributes().Nest(IPVS_CMD_ATTR_SERVICE,
                           Attributes()
                               .U16(IPVS_SVC_ATTR_AF, AF_INET)
                               .U16(IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP)
                               .Put(IPVS_SVC_ATTR_ADDR, kServiceAddress, sizeof kServiceAddress)
                               .U16(IPVS_SVC_ATTR_PORT, htons(port))
                               .Text(IPVS_SVC_ATTR_SCHED_NAME, "wlc")
                               .Put(IPVS_SVC_ATTR_FLAGS, flags, sizeof flags)
                               .U32(IPVS_SVC_ATTR_TIMEOUT, 0)
                               .U32(IPVS_SVC_ATTR_NETMASK, 0xffffffff)
                               .Nest(IPVS_SVC_ATTR_STATS, Stats32(static_cast<uint32_t>(first_counter)))
                               .Nest(IPVS_SVC_ATTR_STATS64, Stats64(first_counter)));
}

// The attributes of a destination in the order of ip_vs_genl_fill_dest() since Linux 5.3, apart from its
// statistics; each value differs from the others.
inline std::vector<Attributes> DestinationAttributes(uint16_t port) {
  const uint8_t address[16] = {192, 0, 2, 2};
  return {
      Attributes().Put(IPVS_DEST_ATTR_ADDR, address, sizeof address),
      Attributes().U16(IPVS_DEST_ATTR_PORT, htons(port)),
      Attributes().U32(IPVS_DEST_ATTR_FWD_METHOD, 2),
      Attributes().U32(IPVS_DEST_ATTR_WEIGHT, 0x7fffffff),
      Attributes().U8(IPVS_DEST_ATTR_TUN_TYPE, 1),
      Attributes().U16(IPVS_DEST_ATTR_TUN_PORT, htons(6080)),
      Attributes().U16(IPVS_DEST_ATTR_TUN_FLAGS, 3),
      Attributes().U32(IPVS_DEST_ATTR_U_THRESH, 0x80000001),
      Attributes().U32(IPVS_DEST_ATTR_L_THRESH, 4),
      Attributes().U32(IPVS_DEST_ATTR_ACTIVE_CONNS, 5),
      Attributes().U32(IPVS_DEST_ATTR_INACT_CONNS, 6),
      Attributes().U32(IPVS_DEST_ATTR_PERSIST_CONNS, 7),
      Attributes().U16(IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET6),
  };
}

inline Attributes Joined(const std::vector<Attributes>& parts) {
  Attributes all;
  for (const Attributes& part : parts) all.Join(part);
  return all;
}

inline Attributes DestinationRow(const Attributes& attributes) {
  return Attributes().Nest(IPVS_CMD_ATTR_DEST, attributes);
}

inline Attributes DestinationRow(uint16_t port, uint64_t first_counter = 0) {
  return DestinationRow(Joined(DestinationAttributes(port))
                            .Nest(IPVS_DEST_ATTR_STATS, Stats32(static_cast<uint32_t>(first_counter)))
                            .Nest(IPVS_DEST_ATTR_STATS64, Stats64(first_counter)));
}

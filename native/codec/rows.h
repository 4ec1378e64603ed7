// What the kernel reports, decoded: one struct a row, in host byte order.
#pragma once

#include <cstdint>

#include "native/codec/record.h"

namespace ipvs {

// In the order of IPVS_STATS_ATTR_CONNS to _OUTBPS: connections, packets in and out, bytes in and out, then
// the rates of each, per second.
inline constexpr unsigned kCounters = 10;

struct ServiceRow {
  uint64_t key;  // KeyOf(config)
  ServiceRecord config;
  uint64_t counters[kCounters];
};

struct DestinationRow {
  uint64_t key;      // KeyOf(config)
  uint32_t service;  // row of the service it belongs to
  uint32_t active_connections;
  uint32_t inactive_connections;
  uint32_t persistent_connections;
  DestinationRecord config;
  uint64_t counters[kCounters];
};

// The 32-bit words of a service as TypeScript sees them, in their order.
enum ServiceWord : unsigned {
  kServiceFamily,
  kServiceProtocol,
  kServiceMark,
  kServicePort,
  kServiceFlags,
  kServiceTimeout,
  kServiceNetmask,
  kServiceScheduler,
  kServiceEngine,
  kServiceWords,
};

// The words of a destination.
enum DestinationWord : unsigned {
  kDestinationService,  // its row
  kDestinationFamily,
  kDestinationPort,
  kDestinationForwarding,
  kDestinationWeight,
  kDestinationUpperThreshold,
  kDestinationLowerThreshold,
  kDestinationActive,
  kDestinationInactive,
  kDestinationPersistent,
  kDestinationTunnelType,
  kDestinationTunnelPort,
  kDestinationTunnelFlags,
  kDestinationWords,
};

struct InfoRow {
  uint32_t version;  // 0x010201 is 1.2.1
  uint32_t connection_table_size;
};

}  // namespace ipvs

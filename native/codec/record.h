// One call as TypeScript hands it over, field for field: 32-bit words in host order, addresses as 16 bytes in
// network order (IPv4 in the first four), names as NUL-padded ASCII. lib/addon/layout.ts has the same
// offsets and numbers; a unit test compares them with what native/node/layout.cc tells.
#pragma once

#include <linux/ip_vs.h>

#include <cstdint>

namespace ipvs {

inline constexpr unsigned kAddressBytes = 16;
inline constexpr unsigned kNameBytes = 16;  // IP_VS_SCHEDNAME_MAXLEN, IP_VS_PENAME_MAXLEN and IFNAMSIZ alike

struct ServiceRecord {
  uint32_t family;    // AF_INET or AF_INET6
  uint32_t protocol;  // IPPROTO_TCP, _UDP, _SCTP; 0 for a firewall mark
  uint32_t fwmark;    // 0: identified by protocol, address and port
  uint32_t port;
  uint8_t address[kAddressBytes];
  uint32_t flags;       // IP_VS_SVC_F_*
  uint32_t flags_mask;  // the bits of flags that are meant
  uint32_t timeout;     // persistence, seconds
  uint32_t netmask;     // IPv4: the mask as a number (255.255.255.0 is 0xffffff00); IPv6: the prefix length
  char scheduler[kNameBytes];
  char engine[kNameBytes];
};

struct DestinationRecord {
  uint32_t family;
  uint32_t port;
  uint8_t address[kAddressBytes];
  uint32_t forwarding;  // IP_VS_CONN_F_MASQ and its kin
  uint32_t weight;
  uint32_t upper_threshold;
  uint32_t lower_threshold;
  uint32_t tunnel_type;
  uint32_t tunnel_port;
  uint32_t tunnel_flags;
};

struct DaemonRecord {
  uint32_t role;  // IP_VS_STATE_MASTER or IP_VS_STATE_BACKUP
  uint32_t sync_id;
  uint32_t max_length;    // 0: the kernel's default
  uint32_t group_family;  // 0: the kernel's default group
  uint32_t port;          // 0: the kernel's default
  uint32_t ttl;           // 0: the kernel's default
  uint8_t group[kAddressBytes];
  char interface[kNameBytes];
};

struct TimeoutsRecord {
  uint32_t tcp;  // seconds; 0 keeps what is set
  uint32_t tcp_fin;
  uint32_t udp;
};

struct CallRecord {
  uint32_t operation;  // Operation
  union {              // 0 for every other operation
    uint32_t fields;   // kUpdateService, kUpdateDest: which the update names (ServiceField, DestinationField)
    uint32_t run;      // kNewService: how many calls, this one included, go out in one send if they fit
    uint32_t extent;   // kZero: kOneService; kSnapshot: kInOnePiece
    uint32_t sampler;  // kChooseService, kSample, kDropSampler: its number, and below it SampleParts
  };
  ServiceRecord service;
  union {
    DestinationRecord destination;
    DaemonRecord daemon;
    TimeoutsRecord timeouts;
  };
};

// 1 to 17 are the kernel's IPVS_CMD_*; from 32 on, what takes more than one message.
enum Operation : uint32_t {
  kNewService = IPVS_CMD_NEW_SERVICE,
  kSetService = IPVS_CMD_SET_SERVICE,
  kDelService = IPVS_CMD_DEL_SERVICE,
  kGetService = IPVS_CMD_GET_SERVICE,
  kNewDest = IPVS_CMD_NEW_DEST,
  kSetDest = IPVS_CMD_SET_DEST,
  kDelDest = IPVS_CMD_DEL_DEST,
  kGetDest = IPVS_CMD_GET_DEST,
  kNewDaemon = IPVS_CMD_NEW_DAEMON,
  kDelDaemon = IPVS_CMD_DEL_DAEMON,
  kGetDaemon = IPVS_CMD_GET_DAEMON,
  kSetConfig = IPVS_CMD_SET_CONFIG,
  kGetConfig = IPVS_CMD_GET_CONFIG,
  kGetInfo = IPVS_CMD_GET_INFO,
  kZero = IPVS_CMD_ZERO,
  kFlush = IPVS_CMD_FLUSH,
  kListServices = 32,
  kSnapshot = 33,
  kUpdateService = 34,
  kUpdateDest = 35,
  kReadFile = 36,
  kReadDirectory = 37,
  kWriteDirectory = 38,
  kOpenFile = 39,
  kChooseService = 40,  // a sampler is to read this service
  kSample = 41,
  kDropSampler = 42,
  kReadCookie = 43,  // of the network namespace
};

// CallRecord.extent: a zeroing of one service alone, not of every counter.
inline constexpr unsigned kOneService = 1;
// CallRecord.extent: a snapshot that does not come in parts.
inline constexpr unsigned kInOnePiece = 1;

// Where CallRecord.sampler has the sampler's number.
inline constexpr unsigned kSamplerShift = 8;

// The service fields that an update can replace; flags have their own mask.
enum ServiceField : uint32_t {
  kFieldScheduler = 1U << 0,
  kFieldTimeout = 1U << 1,
  kFieldNetmask = 1U << 2,
  kFieldEngine = 1U << 3,
};

enum DestinationField : uint32_t {
  kFieldForwarding = 1U << 0,
  kFieldWeight = 1U << 1,
  kFieldUpperThreshold = 1U << 2,
  kFieldLowerThreshold = 1U << 3,
  kFieldTunnel = 1U << 4,
};

// How a call ended: 0, a positive errno of the kernel's, one of these, or a failure with an errno of its own
// (NamespaceFailure, LocalFailure).
enum Status : int {
  kOk = 0,
  kCancelled = -1,       // taken out of the queue before it was sent, or a read that was given up
  kOutcomeUnknown = -2,  // sent; the answer was lost
  kUnstable = -3,        // the table changed faster than it could be read
  kNoFamily = -4,        // the kernel has no generic-netlink family IPVS
  kPart = -5,            // no end yet: a part of what is read, and more will come
  kNamespaceFailed = -6,
  kLocalFailure = -1000,
};

// The network namespace could not be entered: -6 - ENOENT and so on.
constexpr int NamespaceFailure(int error) {
  return kNamespaceFailed - error;
}

// A system call of this process failed: it got no socket, thread, file or memory, may not use netlink, or an
// answer to a read did not arrive however often it was asked for. What IPVS itself has to say of the call is
// not known, and nothing was executed. -1000 - EMFILE and so on.
constexpr int LocalFailure(int error) {
  return kLocalFailure - error;
}

}  // namespace ipvs

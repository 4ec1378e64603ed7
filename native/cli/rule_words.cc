#include "native/cli/rule_words.h"

#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <cstddef>

namespace ipvs {

namespace {

struct FlagName {
  std::string_view scheduler;  // empty: any
  std::string_view name;
  uint32_t bit;
};

// A scheduler's own names go before the general ones for the same bits.
constexpr std::array<FlagName, 7> kFlagNames = {{
    {"sh", "sh-fallback", IP_VS_SVC_F_SCHED1},
    {"sh", "sh-port", IP_VS_SVC_F_SCHED2},
    {"mh", "mh-fallback", IP_VS_SVC_F_SCHED1},
    {"mh", "mh-port", IP_VS_SVC_F_SCHED2},
    {"", "flag-1", IP_VS_SVC_F_SCHED1},
    {"", "flag-2", IP_VS_SVC_F_SCHED2},
    {"", "flag-3", IP_VS_SVC_F_SCHED3},
}};

constexpr uint32_t kNamedFlags = IP_VS_SVC_F_SCHED1 | IP_VS_SVC_F_SCHED2 | IP_VS_SVC_F_SCHED3;
constexpr uint32_t kOwnFlags = IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_HASHED | IP_VS_SVC_F_ONEPACKET;

// By IP_VS_CONN_F_TUNNEL_TYPE_*.
constexpr std::array<std::string_view, 3> kTunnelTypes = {"ipip", "gue", "gre"};

bool Belongs(const FlagName& flag, std::string_view scheduler) {
  return flag.scheduler.empty() || flag.scheduler == scheduler;
}

std::optional<uint32_t> FlagBit(std::string_view name, std::string_view scheduler) {
  for (const FlagName& flag : kFlagNames) {
    if (flag.name == name && Belongs(flag, scheduler)) return flag.bit;
  }
  return std::nullopt;
}

void AppendName(std::string_view name, std::string* text) {
  if (!text->empty()) text->push_back(',');
  text->append(name);
}

}  // namespace

std::optional<uint32_t> FlagBits(std::string_view names, std::string_view scheduler) {
  uint32_t bits = 0;
  while (true) {
    const size_t comma = names.find(',');
    const std::optional<uint32_t> bit = FlagBit(names.substr(0, comma), scheduler);
    if (!bit) return std::nullopt;
    bits |= *bit;
    if (comma == std::string_view::npos) return bits;
    names.remove_prefix(comma + 1);
  }
}

std::string FlagNames(uint32_t flags, std::string_view scheduler) {
  std::string text;
  uint32_t rest = flags & ~kOwnFlags;
  for (const FlagName& flag : kFlagNames) {
    if ((rest & flag.bit) == 0 || !Belongs(flag, scheduler)) continue;
    AppendName(flag.name, &text);
    rest &= ~flag.bit;
  }
  while (rest != 0) {
    const uint32_t bit = rest & -rest;
    char digits[8];
    char* const end = std::to_chars(digits, digits + sizeof digits, bit, 16).ptr;
    AppendName("0x", &text);
    text.append(digits, static_cast<size_t>(end - digits));
    rest &= ~bit;
  }
  return text;
}

bool HasFlagNames(uint32_t flags) {
  return (flags & ~(kOwnFlags | kNamedFlags)) == 0;
}

std::optional<uint32_t> TunnelTypeOf(std::string_view name) {
  for (uint32_t type = 0; type < kTunnelTypes.size(); ++type) {
    if (kTunnelTypes[type] == name) return type;
  }
  return std::nullopt;
}

std::string_view TunnelTypeName(uint32_t type) {
  return type < kTunnelTypes.size() ? kTunnelTypes[type] : std::string_view();
}

bool HasTunnelWords(uint32_t type, uint32_t port, uint32_t checksum_flags) {
  constexpr uint32_t kSum = IP_VS_TUNNEL_ENCAP_FLAG_CSUM;
  constexpr uint32_t kRemoteSum = IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM;
  switch (type) {
    case IP_VS_CONN_F_TUNNEL_TYPE_IPIP:
      return port == 0 && checksum_flags == 0;
    case IP_VS_CONN_F_TUNNEL_TYPE_GUE:
      return port != 0 && (checksum_flags == 0 || checksum_flags == kSum || checksum_flags == kRemoteSum);
    case IP_VS_CONN_F_TUNNEL_TYPE_GRE:
      return port == 0 && (checksum_flags == 0 || checksum_flags == kSum);
    default:
      return false;
  }
}

void AppendMask(std::string_view before, uint32_t family, uint32_t mask, std::string* text) {
  const bool ipv6 = family == AF_INET6;
  if (mask == (ipv6 ? 128 : UINT32_MAX)) return;
  text->append(before);
  if (ipv6) {
    text->append(std::to_string(mask));
    return;
  }
  for (int shift = 24; shift >= 0; shift -= 8) {
    text->append(std::to_string(mask >> shift & 0xff));
    if (shift > 0) text->push_back('.');
  }
}

}  // namespace ipvs

// ipvsadm's words for what has a number in the kernel: what reads command lines and what writes rules share.
// lib/model/scheduler.ts and lib/rules know the same, and more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ipvs {

// The longest persistence timeout that ipvsadm takes: 31 days.
inline constexpr uint32_t kLongestPersistence = 31 * 86400;

// The highest weight that the kernel takes, and the highest threshold that ipvsadm does: INT_MAX.
inline constexpr uint32_t kHighestNumber = 0x7fffffff;

// The bits of a scheduler's flags with commas between; nothing where one is unknown or another scheduler's.
std::optional<uint32_t> FlagBits(std::string_view names, std::string_view scheduler);

// The names of the scheduler's flags among a service's, with commas between. Those that have no name, which
// ipvsadm does not know, are hexadecimal numbers.
std::string FlagNames(uint32_t flags, std::string_view scheduler);
// Whether all of them have a name.
bool HasFlagNames(uint32_t flags);

// IP_VS_CONN_F_TUNNEL_TYPE_* by its name, and the other way round: empty where it has none.
std::optional<uint32_t> TunnelTypeOf(std::string_view name);
std::string_view TunnelTypeName(uint32_t type);

// Whether ipvsadm has words for such a tunnel.
bool HasTunnelWords(uint32_t type, uint32_t port, uint32_t checksum_flags);

// Appends the mask of those that persistence takes for one client, or a prefix length, after a word and
// blanks; nothing where each address stands for itself.
void AppendMask(std::string_view before, uint32_t family, uint32_t mask, std::string* text);

}  // namespace ipvs

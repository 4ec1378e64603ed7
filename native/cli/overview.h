// What `ipvs list` prints of a table of which there is nothing to say but its numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "native/table/columns.h"

namespace ipvs {

// The marks of services that are there for checks alone, which `ipvs list` leaves out
// (lib/model/check-path.ts).
constexpr uint32_t kFirstPathMark = 0x4c560000;
constexpr uint32_t kLastPathMark = 0x4c56ffff;

// The table as lib/cli/commands/list.ts lays it out, without colours. Nothing where lint() may have found
// something in it, a destination has thresholds, which takes words, or a service is left out.
std::optional<std::string> Overview(const ListView& services, const ListView& destinations,
                                    const std::vector<std::string>& names);

}  // namespace ipvs

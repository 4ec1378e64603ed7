// What `ipvs list` prints of a table of which there is nothing to say but its numbers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "native/table/columns.h"

namespace ipvs {

// The table as lib/cli/commands/list.ts lays it out, without colours. Nothing where lint() may have found
// something in it, or a destination has thresholds: that takes words.
std::optional<std::string> Overview(const ListView& services, const ListView& destinations,
                                    const std::vector<std::string>& names);

}  // namespace ipvs

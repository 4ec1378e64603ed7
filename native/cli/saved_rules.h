// What ipvsadm's -S prints of a table: its rules.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "native/table/columns.h"

namespace ipvs {

// The rules of a table, in ipvsadm's order, as `ipvsadm-save -n` writes them and lib/rules/format does.
// Nothing where ipvsadm has no words for all that the table holds.
std::optional<std::string> SavedRules(const ListView& services, const ListView& destinations,
                                      const std::vector<std::string>& names);

}  // namespace ipvs

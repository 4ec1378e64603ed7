// Rules in the lines that `ipvsadm -S` and scripts write: what ipvs-quick restores by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "native/codec/record.h"

namespace ipvs {

struct UsualRules {
  std::vector<CallRecord> calls;
  std::vector<uint32_t> lines;  // the line of each call, counted from 1
};

// Reads the lines of a rules file. Nothing where one of them is not usual (usual_command.h), or is anything
// but an -A, -a, -D or -d: the words for what is wrong with any line are TypeScript's.
std::optional<UsualRules> ReadUsualRules(std::string_view text);

}  // namespace ipvs

// What a usual command does, and what it prints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "native/cli/usual_command.h"
#include "native/netlink/connection.h"

namespace ipvs {

struct UsualAnswer {
  int status = 0;  // of the program
  std::string output;
  std::string complaint;
};

// Does a command. Nothing where the kernel refused it, something failed or there are no words for what was
// read: then nothing has changed, and whoever does the command again does it for the first time.
std::optional<UsualAnswer> AnswerUsual(const UsualCommand& command, Connection* connection);

// Makes the calls of rules in their order, each whatever came of those before, and returns the Status or
// errno of each.
std::vector<int> MakeCalls(const std::vector<CallRecord>& calls, Connection* connection);

}  // namespace ipvs

// What a usual command does, and what it prints.
#pragma once

#include <optional>
#include <string>

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

}  // namespace ipvs

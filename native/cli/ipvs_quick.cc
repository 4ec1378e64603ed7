// The program ipvs-quick: what scripts and health daemons ask of `ipvs` all the time, without Node.js, which
// takes several times as long to start as ipvsadm takes altogether.
//
//   ipvs-quick COMMAND WORD...
//
// COMMAND is the command proper, a program of Node.js. This one becomes it at words that it does not know,
// and at whatever fails, which the command then explains: nothing was done or printed by then.

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string_view>
#include <vector>

#include "native/cli/usual_answer.h"
#include "native/cli/usual_command.h"
#include "native/netlink/connection.h"

namespace ipvs {

namespace {

// Where the words start in the program's arguments.
constexpr int kFirstWord = 2;

// As a shell ends when it does not find a program.
constexpr int kNotFound = 127;

// As lib/cli/terminal.ts prints: a reader that has seen enough is no error, and a full pipe that somebody
// made non-blocking is waited for.
int Print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd room = {STDOUT_FILENO, POLLOUT, 0};
      poll(&room, 1, -1);
    } else if (errno == EPIPE || errno == ECONNRESET) {  // ECONNRESET: a socket's
      return 0;
    } else if (errno == EBADF) {
      std::fputs("standard output is closed\n", stderr);
      return 1;
    } else if (errno != EINTR) {
      std::perror("ipvs");
      return 1;
    }
  }
  return 0;
}

// Becomes the command proper. Returns only where there is no Node.js.
int StartCommand(char** arguments) {
  char node[] = "node";
  arguments[0] = node;
  execvp(node, arguments);
  std::perror("ipvs: node");
  return kNotFound;
}

std::optional<UsualAnswer> Answer(int count, char** arguments) {
  const std::optional<UsualCommand> command = ReadUsualCommand({arguments + kFirstWord, arguments + count});
  if (!command) return std::nullopt;
  // A terminal gets it in colours.
  if (command->kind == UsualCommand::kOverview && isatty(STDOUT_FILENO) == 1) return std::nullopt;
  Connection connection{NetworkNamespace()};
  return AnswerUsual(*command, &connection);
}

int Main(int count, char** arguments) {
  if (count < kFirstWord) {
    std::fputs("usage: ipvs-quick COMMAND WORD...\n", stderr);
    return 2;
  }
  const std::optional<UsualAnswer> answer = Answer(count, arguments);
  if (!answer) return StartCommand(arguments);
  std::signal(SIGPIPE, SIG_IGN);
  std::fputs(answer->complaint.c_str(), stderr);
  const int printed = Print(answer->output);
  return answer->status != 0 ? answer->status : printed;
}

}  // namespace

}  // namespace ipvs

int main(int count, char** arguments) {
  return ipvs::Main(count, arguments);
}

// The program ipvs-quick: what scripts and health daemons ask of `ipvs` all the time, without Node.js, which
// takes several times as long to start as ipvsadm takes altogether.
//
//   ipvs-quick COMMAND WORD...
//
// COMMAND is the command proper, a program of Node.js. This one becomes it at words that it does not know,
// and at whatever fails, which the command then explains: nothing was done or printed by then. There are two
// exceptions: rules of which the kernel refused some, where the command is told which, and input that cannot
// be read.

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "native/cli/usual_answer.h"
#include "native/cli/usual_command.h"
#include "native/cli/usual_rules.h"
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

// All of standard input; nothing where it can't be read, which is told. Whoever read on after that would take
// the rest for the whole: a socket's error comes once.
std::optional<std::string> ReadInput() {
  std::string text;
  std::vector<char> chunk(size_t{1} << 16);
  while (true) {
    const ssize_t length = read(STDIN_FILENO, chunk.data(), chunk.size());
    if (length == 0) return text;
    if (length > 0) {
      text.append(chunk.data(), static_cast<size_t>(length));
    } else if (errno == EAGAIN) {
      pollfd more = {STDIN_FILENO, POLLIN, 0};
      poll(&more, 1, -1);
    } else if (errno != EINTR) {
      std::perror("ipvs: standard input");
      return std::nullopt;
    }
  }
}

// A file without a name that has these bytes, for the program that this one becomes; -1 on failure.
int MakeFile(const void* data, size_t length) {
  const int file = memfd_create("ipvs", 0);
  const auto* at = static_cast<const char*>(data);
  while (file >= 0 && length > 0) {
    const ssize_t written = write(file, at, length);
    if (written < 0) return -1;
    at += written;
    length -= static_cast<size_t>(written);
  }
  return file < 0 || lseek(file, 0, SEEK_SET) != 0 ? -1 : file;
}

// Becomes the command proper, which is to read what was read from standard input.
int StartCommandWith(const std::string& input, char** arguments) {
  const int file = MakeFile(input.data(), input.size());
  if (file < 0 || dup2(file, STDIN_FILENO) < 0) {
    std::perror("ipvs");
    return 1;
  }
  return StartCommand(arguments);
}

// Becomes the command that says what the kernel refused of lines: lib/cli/restore/refused.ts, which finds the
// outcome of each line in a file, 32 bits each.
int TellRefused(const std::string& input, const UsualRules& rules, const std::vector<int>& statuses,
                char** arguments) {
  std::vector<int> outcomes(rules.lines.back(), kOk);
  for (size_t i = 0; i < statuses.size(); ++i) outcomes[rules.lines[i] - 1] = statuses[i];
  const int file = MakeFile(outcomes.data(), outcomes.size() * sizeof outcomes[0]);
  if (file < 0) {
    std::perror("ipvs");
    return 1;
  }
  std::string number = std::to_string(file);
  char word[] = "tell-refused";
  char* told[] = {arguments[0], arguments[1], word, number.data(), nullptr};
  return StartCommandWith(input, told);
}

bool IsRestore(std::string_view word) {
  return word == "-R" || word == "--restore";
}

// Does what the lines on standard input say.
int Restore(char** arguments) {
  const std::optional<std::string> input = ReadInput();
  if (!input) return 1;
  const std::optional<UsualRules> rules = ReadUsualRules(*input);
  Connection connection{NetworkNamespace()};
  if (!rules || connection.Ready() != kOk) return StartCommandWith(*input, arguments);
  const std::vector<int> statuses = MakeCalls(rules->calls, &connection);
  const auto refused = [](int status) { return status != kOk; };
  if (std::none_of(statuses.begin(), statuses.end(), refused)) return 0;
  // Where nothing was done whoever does it again does it for the first time.
  const auto untouched = [](int status) { return status != kOk && status != kOutcomeUnknown; };
  if (std::all_of(statuses.begin(), statuses.end(), untouched)) return StartCommandWith(*input, arguments);
  return TellRefused(*input, *rules, statuses, arguments);
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
  if (count == kFirstWord + 1 && IsRestore(arguments[kFirstWord])) return Restore(arguments);
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

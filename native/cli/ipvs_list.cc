// The program ipvs-list: `ipvs -Ln --stats` and `--rate` without Node.js, which takes half as long to start
// as ipvsadm takes to list 11,000 rows. Whoever polls these lists runs a program each time.
//
//   ipvs-list COMMAND WORD...
//
// COMMAND is the command proper, a program of Node.js. This one becomes it at words that it does not know,
// and at whatever fails, which the command then explains: nothing was printed by then.

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "native/cli/listing.h"
#include "native/codec/decode.h"
#include "native/netlink/connection.h"
#include "native/table/columns.h"
#include "native/table/table_reader.h"

namespace ipvs {

namespace {

// Where the words start in the program's arguments.
constexpr int kFirstWord = 2;

// As a shell ends when it does not find a program.
constexpr int kNotFound = 127;

// Exactly `-L -n --stats` or `--rate`, with --exact and one of --sort and --nosort.
std::optional<ListingOptions> ReadWords(int count, char** arguments) {
  bool list = false;
  bool numeric = false;
  std::optional<Show> show;
  bool exact = false;
  std::optional<bool> sort;
  for (int i = kFirstWord; i < count; ++i) {
    const std::string_view word = arguments[i];
    if (!list) {  // the command comes first
      numeric = word == "-Ln" || word == "-ln";
      list = numeric || word == "-L" || word == "-l" || word == "--list";
      if (!list) return std::nullopt;
    } else if (!numeric && (word == "-n" || word == "--numeric")) {
      numeric = true;
    } else if (!show && (word == "--stats" || word == "--rate")) {
      show = word == "--stats" ? Show::kStats : Show::kRate;
    } else if (!exact && word == "--exact") {
      exact = true;
    } else if (!sort && (word == "--sort" || word == "--nosort")) {
      sort = word == "--sort";
    } else {
      return std::nullopt;
    }
  }
  if (!numeric || !show) return std::nullopt;
  return ListingOptions{*show, exact, sort.value_or(true)};
}

std::string Title(const InfoRow& info) {
  const auto part = [&](int shift) { return std::to_string(info.version >> shift & 0xff); };
  return "IP Virtual Server version " + part(16) + '.' + part(8) + '.' + part(0) +
         " (size=" + std::to_string(info.connection_table_size) + ")\n";
}

// All of the table as it is to be printed; nothing when it can't be read.
std::optional<std::string> ReadListing(const ListingOptions& options) {
  const std::atomic<bool> interrupted = false;
  Connection connection{NetworkNamespace()};
  TableReader reader(&connection, &interrupted);

  InfoRow info = {};
  const auto take = [&](const nlmsghdr* message) { return DecodeInfo(message, &info); };
  if (connection.Ask(CallRecord{}, kGetInfo, take) != kOk) return std::nullopt;
  Table table;
  if (reader.Snapshot(
          SIZE_MAX, [](const Table&) {}, &table) != kOk)
    return std::nullopt;

  const Columns columns = ToColumns(table.services, table.destinations);
  const ListView services(columns.services.data.get(), columns.services.rows, kServiceWords);
  const ListView destinations(columns.destinations.data.get(), columns.destinations.rows, kDestinationWords);
  return Title(info) + Listing(services, destinations, options, {});
}

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

int Main(int count, char** arguments) {
  if (count < kFirstWord) {
    std::fputs("usage: ipvs-list COMMAND WORD...\n", stderr);
    return 2;
  }
  const std::optional<ListingOptions> options = ReadWords(count, arguments);
  if (!options) return StartCommand(arguments);
  const std::optional<std::string> listing = ReadListing(*options);
  if (!listing) return StartCommand(arguments);
  std::signal(SIGPIPE, SIG_IGN);
  return Print(*listing);
}

}  // namespace

}  // namespace ipvs

int main(int count, char** arguments) {
  return ipvs::Main(count, arguments);
}

#include "native/cli/listing.h"

#include <algorithm>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "native/cli/overview.h"
#include "native/cli/saved_rules.h"
#include "native/cli/usual_command.h"
#include "test/native/fuzz/targets.h"

namespace {

// Rows of a table: a byte tells whether a service's or a destination's follows, as it stands in memory.
class Table {
 public:
  Table(const uint8_t* data, size_t length) : data_(data), left_(length) {
    for (uint8_t kind = 0; Take(&kind);) {
      if (kind % 2 == 0) {
        ipvs::ServiceRow row;
        if (!Take(&row)) break;
        MakeName(row.config.scheduler);
        MakeName(row.config.engine);
        services_.push_back(row);
      } else {
        ipvs::DestinationRow row;
        if (!Take(&row)) break;
        // Destinations stand behind their service, and one of none is read nowhere.
        if (services_.empty()) continue;
        row.service = static_cast<uint32_t>(services_.size() - 1);
        destinations_.push_back(row);
      }
    }
  }
  const std::vector<ipvs::ServiceRow>& services() const { return services_; }
  const std::vector<ipvs::DestinationRow>& destinations() const { return destinations_; }

 private:
  template <typename T>
  bool Take(T* value) {
    if (left_ < sizeof *value) return false;
    std::memcpy(value, data_, sizeof *value);
    data_ += sizeof *value;
    left_ -= sizeof *value;
    return true;
  }
  // Modules are named as files are: a name has no newline, and lines can be counted.
  static void MakeName(char (&name)[ipvs::kNameBytes]) { std::replace(name, name + sizeof name, '\n', '_'); }

  const uint8_t* data_;
  size_t left_;
  std::vector<ipvs::ServiceRow> services_;
  std::vector<ipvs::DestinationRow> destinations_;
};

std::vector<std::string> LinesOf(const std::string& text) {
  Expect(!text.empty() && text.back() == '\n', "a text ends with a newline");
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// A rule that ipvs-quick reads is the addition of a row. It reads not all of them: odd numbers are the
// parser's.
void ExpectRule(const std::string& line) {
  Expect(line.rfind("-A -", 0) == 0 || line.rfind("-a -", 0) == 0, "a rule adds something");
  std::vector<std::string_view> words;
  for (std::string_view rest = line; !rest.empty();) {
    const size_t end = std::min(rest.find(' '), rest.size());
    words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto command = ipvs::ReadUsualCommand(words);
  if (!command) return;
  const auto wanted = line[1] == 'A' ? ipvs::kNewService : ipvs::kNewDest;
  Expect(command->kind == ipvs::UsualCommand::kWrite && command->call.operation == wanted,
         "a rule is read as what it was written for");
}

}  // namespace

void FuzzListing(const uint8_t* data, size_t length) {
  const Table table(data, length);
  const ipvs::Columns columns = ipvs::ToColumns(table.services(), table.destinations());
  const ipvs::ListView services(columns.services.data.get(), columns.services.rows, ipvs::kServiceWords);
  const ipvs::ListView destinations(columns.destinations.data.get(), columns.destinations.rows,
                                    ipvs::kDestinationWords);
  const size_t rows = services.rows() + destinations.rows();
  for (const ipvs::Show show :
       {ipvs::Show::kUsual, ipvs::Show::kStats, ipvs::Show::kRate, ipvs::Show::kThresholds,
        ipvs::Show::kPersistentConnections, ipvs::Show::kTunnels}) {
    ipvs::ListingTexts texts;
    if (show == ipvs::Show::kTunnels) texts.tunnels.assign(destinations.rows(), "ipip");
    Expect(ipvs::Matches(texts, services, destinations, show), "texts are there for every row");
    for (const bool exact : {false, true}) {
      auto sorted = LinesOf(ipvs::Listing(services, destinations, columns.names, {show, exact, true}, texts));
      auto listed =
          LinesOf(ipvs::Listing(services, destinations, columns.names, {show, exact, false}, texts));
      Expect(listed.size() == 2 + rows, "each row has a line, below the two of the heading");
      std::sort(sorted.begin(), sorted.end());
      std::sort(listed.begin(), listed.end());
      Expect(sorted == listed, "the same lines stand in either order");
    }
  }
  if (const auto rules = ipvs::SavedRules(services, destinations, columns.names); rules && rows > 0) {
    const std::vector<std::string> lines = LinesOf(*rules);
    Expect(lines.size() == rows, "each row has a rule");
    std::for_each(lines.begin(), lines.end(), ExpectRule);
  }
  if (const auto overview = ipvs::Overview(services, destinations, columns.names)) {
    Expect(LinesOf(*overview).size() == (rows == 0 ? 1 : 1 + rows), "each row has a line, below the heading");
  }
}

// Rules files that ipvs-quick restores by itself. test/unit/cli/usual.test.ts compares the records with those
// that TypeScript makes of the same lines.
#include "native/cli/usual_rules.h"

#include <string>

#include "test/native/test.h"

namespace {

std::vector<uint32_t> LinesOf(std::string_view text) {
  const std::optional<ipvs::UsualRules> rules = ipvs::ReadUsualRules(text);
  REQUIRE(rules.has_value());
  CHECK(rules->calls.size() == rules->lines.size());
  return rules->lines;
}

}  // namespace

TEST_CASE("Rules are numbered by their lines, whatever stands between them") {
  CHECK(LinesOf("").empty());
  CHECK(LinesOf("\n# nothing\n \t\r\n").empty());
  const std::string text =
      "\n-A -t 10.0.0.1:80 -s rr # -L is a comment's\n\n"
      "\t-a  -t 10.0.0.1:80\t-r 10.1.0.2:80 -m -w 1\r\n"
      "-d -t 10.0.0.1:80 -r 10.1.0.2:80\n-D -t 10.0.0.1:80";  // no end of line
  CHECK(LinesOf(text) == std::vector<uint32_t>{2, 4, 5, 6});
  const ipvs::UsualRules rules = *ipvs::ReadUsualRules(text);
  CHECK(rules.calls[0].operation == ipvs::kNewService);
  CHECK(std::string(rules.calls[0].service.scheduler) == "rr");
  CHECK(rules.calls[1].operation == ipvs::kNewDest);
  CHECK(rules.calls[1].destination.weight == 1);
  CHECK(rules.calls[2].operation == ipvs::kDelDest);
  CHECK(rules.calls[3].operation == ipvs::kDelService);
}

TEST_CASE("A file with a line of another kind is left to Node.js as a whole") {
  for (const char* line : {"-C", "-L -n", "-Z", "-E -t 10.0.0.1:80 -s rr", "-e -t 10.0.0.1:80 -r 10.1.0.2:80",
                           "-A -t www:80", "-A -t \"10.0.0.1:80\"", "words"}) {
    CAPTURE(line);
    CHECK(!ipvs::ReadUsualRules(line));
    CHECK(!ipvs::ReadUsualRules(std::string("-A -t 10.0.0.1:80\n") + line + "\n-D -t 10.0.0.1:80\n"));
  }
}

TEST_CASE("A line may be as long as TypeScript takes it, and no longer") {
  const std::string rule = "-A -t 10.0.0.1:80";
  const std::string longest = rule + std::string(4096 - rule.size(), ' ');
  CHECK(LinesOf(longest + "\n") == std::vector<uint32_t>{1});
  CHECK(!ipvs::ReadUsualRules(longest + " \n"));
}

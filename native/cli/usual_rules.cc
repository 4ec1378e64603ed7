#include "native/cli/usual_rules.h"

#include <algorithm>
#include <cstddef>

#include "native/cli/usual_command.h"

namespace ipvs {

namespace {

// lib/rules/parse/tokenize.ts refuses longer ones. It counts UTF-16's units, of which there are no more than
// bytes.
constexpr size_t kLongestLine = 4096;

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

// Splits a line into the words before a comment. A quote or a backslash stays in its word, which is none of a
// usual line then.
void SplitWords(std::string_view line, std::vector<std::string_view>* words) {
  words->clear();
  for (size_t at = 0; at < line.size();) {
    if (IsBlank(line[at])) {
      ++at;
      continue;
    }
    if (line[at] == '#') return;
    const size_t start = at;
    while (at < line.size() && !IsBlank(line[at])) ++at;
    words->push_back(line.substr(start, at - start));
  }
}

bool IsRule(const UsualCommand& command) {
  if (command.kind != UsualCommand::kWrite) return false;
  switch (command.call.operation) {
    case kNewService:
    case kDelService:
    case kNewDest:
    case kDelDest:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<UsualRules> ReadUsualRules(std::string_view text) {
  UsualRules rules;
  std::vector<std::string_view> words;
  for (uint32_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    SplitWords(line, &words);
    if (words.empty()) continue;
    if (line.size() > kLongestLine) return std::nullopt;
    const std::optional<UsualCommand> command = ReadUsualCommand(words);
    if (!command || !IsRule(*command)) return std::nullopt;
    rules.calls.push_back(command->call);
    rules.lines.push_back(number);
  }
  return rules;
}

}  // namespace ipvs

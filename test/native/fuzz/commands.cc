#include <memory>
#include <string_view>
#include <vector>

#include "native/cli/usual_command.h"
#include "test/native/fuzz/targets.h"

namespace {

bool IsWrite(uint32_t operation) {
  switch (operation) {
    case ipvs::kNewService:
    case ipvs::kSetService:
    case ipvs::kDelService:
    case ipvs::kNewDest:
    case ipvs::kUpdateDest:
    case ipvs::kSetDest:
    case ipvs::kDelDest:
    case ipvs::kZero:
    case ipvs::kFlush:
      return true;
    default:
      return false;
  }
}

}  // namespace

void FuzzCommands(const uint8_t* data, size_t length) {
  // Each word in memory of exactly its length.
  std::vector<std::unique_ptr<char[]>> held;
  std::vector<std::string_view> words;
  for (size_t start = 0; start < length;) {
    size_t end = start;
    while (end < length && data[end] != '\n') ++end;
    held.emplace_back(new char[end - start]);
    for (size_t i = start; i < end; ++i) held.back()[i - start] = static_cast<char>(data[i]);
    words.emplace_back(held.back().get(), end - start);
    start = end + 1;
  }
  const auto command = ipvs::ReadUsualCommand(words);
  if (!command) return;
  const ipvs::CallRecord& call = command->call;
  if (command->kind == ipvs::UsualCommand::kWrite) {
    Expect(IsWrite(call.operation), "a write is one");
    Expect(call.service.port <= 0xffff && call.service.protocol <= 0xff, "numbers of a service fit");
  }
  Expect(command->listing.show <= ipvs::Show::kTunnels, "what is shown has a name");
}

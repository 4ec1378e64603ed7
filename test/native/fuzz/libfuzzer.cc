// Where libFuzzer comes in. IPVS_FUZZ_TARGET names the target: libFuzzer's own arguments go on to processes
// that it starts, and ours would not.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "test/native/fuzz/targets.h"

namespace {

const FuzzTarget& ChosenTarget() {
  const char* const name = std::getenv("IPVS_FUZZ_TARGET");  // NOLINT(concurrency-mt-unsafe)
  for (const FuzzTarget& target : kFuzzTargets) {
    if (name != nullptr && std::strcmp(name, target.name) == 0) return target;
  }
  std::fprintf(stderr, "IPVS_FUZZ_TARGET names no target\n");
  std::exit(2);  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

void Expect(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "Broken: %s\n", promise);
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t length) {
  static const FuzzTarget& target = ChosenTarget();
  target.run(data, length);
  return 0;
}

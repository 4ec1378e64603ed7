// The inputs that fuzzing keeps (npm run fuzz): recordings of kernels 5.10, 6.1 and 7.x, and what once broke
// a promise. Under the sanitizers of these tests they need neither clang nor time.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "test/native/fuzz/targets.h"
#include "test/native/test.h"

namespace {

// Relative to the repository's folder, from which native tests run.
constexpr char kCorpora[] = "test/native/corpora/";

std::vector<uint8_t> BytesOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

void Expect(bool holds, const char* promise) {
  if (!holds) throw std::logic_error(promise);
}

TEST_CASE("Every input that fuzzing keeps, and each beginning of it, breaks no promise") {
  for (const FuzzTarget& target : kFuzzTargets) {
    size_t inputs = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::string(kCorpora) + target.name)) {
      CAPTURE(entry.path().string());
      const std::vector<uint8_t> bytes = BytesOf(entry.path());
      // Some 100 beginnings of long inputs, all of short ones.
      const size_t step = 1 + bytes.size() / 100;
      for (size_t length = bytes.size();; length -= std::min(length, step)) {
        // In memory of exactly that length.
        const std::vector<uint8_t> part(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
        CAPTURE(length);
        CHECK_NOTHROW(target.run(part.data(), part.size()));
        if (length == 0) break;
      }
      ++inputs;
    }
    CHECK(inputs > 0);
  }
}

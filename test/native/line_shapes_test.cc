// Lines of rules by their shape: which have none. What all of them promise is in test/native/fuzz/shapes.cc.
#include "native/cli/line_shapes.h"

#include <string>
#include <vector>

#include "test/native/test.h"

namespace {

// The shape of each line of a text; -1 for none.
std::vector<int> ShapesOf(const std::u16string& text) {
  std::vector<int> shapes;
  for (const ipvs::Line& line : ipvs::ShapeLines(text.data(), text.size()).lines) {
    shapes.push_back(static_cast<int>(line.shape));
  }
  return shapes;
}

}  // namespace

TEST_CASE("A line that is longer than any rule has no shape, though it differs in its endpoint alone") {
  const std::u16string blanks(1000 - std::u16string(u"-A -t 10.0.0.1:80").size(), u' ');
  CHECK(ShapesOf(u"-A -t 10.0.0.1:80" + blanks + u"\n-A -t 10.0.0.2:80" + blanks + u"\n-A -t 10.0.0.10:80" +
                 blanks) == std::vector<int>{0, 0, -1});
}

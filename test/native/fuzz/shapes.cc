#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "native/cli/line_shapes.h"
#include "test/native/fuzz/targets.h"

namespace {

// A text in memory of exactly its length. Bytes from 128 on stand for characters of two bytes whose lower one
// is ASCII, so that one which looks at the lower one alone is found out.
class Text {
 public:
  Text(const uint8_t* data, size_t length) : characters_(new char16_t[length]), length_(length) {
    std::transform(data, data + length, characters_.get(), [](uint8_t byte) {
      return static_cast<char16_t>(byte < 0x80 ? byte : 0x100 + (byte & 0x7f));
    });
  }
  const char16_t* data() const { return characters_.get(); }
  size_t length() const { return length_; }
  // Empty where a character is none of ASCII's.
  std::string Ascii(uint32_t start, uint32_t end) const {
    std::string text;
    for (uint32_t at = start; at < end; ++at) {
      if (characters_[at] >= 0x80) return "";
      text += static_cast<char>(characters_[at]);
    }
    return text;
  }

 private:
  std::unique_ptr<char16_t[]> characters_;
  size_t length_;
};

// Reads an endpoint by the C library alone, and writes it as the text that has no other reading.
void ExpectSame(const std::string& text, const ipvs::LineEndpoint& endpoint) {
  const size_t colon = text.rfind(':');
  Expect(colon != std::string::npos, "an endpoint has a port");
  const bool wide = text[0] == '[';
  Expect((endpoint.family == AF_INET6) == wide, "an endpoint has the family that it is written in");
  const std::string host = wide ? text.substr(1, colon - 2) : text.substr(0, colon);
  uint8_t address[ipvs::kAddressBytes] = {};
  Expect(inet_pton(static_cast<int>(endpoint.family), host.c_str(), address) == 1, "an endpoint is one");
  Expect(std::memcmp(address, endpoint.address, sizeof address) == 0, "an endpoint has its address");
  Expect(endpoint.port > 0 && endpoint.port < 0x10000, "an endpoint's port is one");
  Expect(text.substr(colon + 1) == std::to_string(endpoint.port), "an endpoint has its port");
}

bool IsBlank(char16_t c) {
  return c == u' ' || c == u'\t' || c == u'\r';
}

void ExpectLine(const Text& text, const ipvs::Line& line) {
  uint32_t from = line.start;
  Expect(line.endpoint_count <= ipvs::kLineEndpoints, "a line has no more endpoints than there is room for");
  for (uint32_t i = 0; i < line.endpoint_count; ++i) {
    const ipvs::LineEndpoint& endpoint = line.endpoints[i];
    Expect(from <= endpoint.start && endpoint.start < endpoint.end && endpoint.end <= line.end,
           "endpoints stand in their line, one after the other");
    Expect(endpoint.start == line.start || IsBlank(text.data()[endpoint.start - 1]), "one begins a word");
    Expect(endpoint.end == line.end || IsBlank(text.data()[endpoint.end]), "one ends a word");
    ExpectSame(text.Ascii(endpoint.start, endpoint.end), endpoint);
    from = endpoint.end;
  }
}

// A line's text with its endpoints' families in their places.
std::u16string Pattern(const Text& text, const ipvs::Line& line) {
  std::u16string pattern;
  uint32_t from = line.start;
  for (uint32_t i = 0; i < line.endpoint_count; ++i) {
    pattern.append(text.data() + from, text.data() + line.endpoints[i].start);
    pattern += line.endpoints[i].family == AF_INET6 ? u"\n6" : u"\n4";
    from = line.endpoints[i].end;
  }
  return pattern.append(text.data() + from, text.data() + line.end);
}

}  // namespace

void FuzzShapes(const uint8_t* data, size_t length) {
  const Text text(data, length);
  const ipvs::ShapedLines shaped = ipvs::ShapeLines(text.data(), text.length());
  std::vector<uint32_t> counts(shaped.shapes.size());
  size_t start = 0;
  for (const ipvs::Line& line : shaped.lines) {
    Expect(line.start == start && line.start <= line.end && line.end <= length, "lines follow each other");
    Expect(line.end == length || text.data()[line.end] == u'\n', "a line ends at its newline");
    start = line.end + size_t{1};
    ExpectLine(text, line);
    if (line.shape == ipvs::kNoShape) continue;
    Expect(line.shape < shaped.shapes.size(), "a line's shape is there");
    ++counts[line.shape];
    const ipvs::Line& first = shaped.lines.at(shaped.shapes[line.shape].first);
    Expect(first.shape == line.shape && Pattern(text, first) == Pattern(text, line),
           "lines of one shape differ in their endpoints alone");
  }
  Expect(start >= length, "no line is left out");
  for (size_t i = 0; i < counts.size(); ++i) {
    Expect(counts[i] == shaped.shapes[i].count, "a shape counts its lines");
  }

  // A template for every other shape, whose endpoints are the last line's that it can have.
  const std::vector<ipvs::LineTemplate> templates = {{{}, 0, 0, 1, 1}, {{}, ipvs::kNoShape, 1, 0, 0}};
  std::vector<uint32_t> template_of(counts.size());
  for (size_t i = 0; i < template_of.size(); ++i) template_of[i] = static_cast<uint32_t>(i % 3);
  const ipvs::LineRecords filled =
      ipvs::FillTemplates(shaped.lines.data(), shaped.lines.size(), template_of, templates);
  Expect(filled.records.size() == filled.lines.size(), "a record has its line");
  Expect(filled.records.size() + filled.rest.size() == shaped.lines.size(), "each line is made or left");
  for (size_t i = 0; i < filled.records.size(); ++i) {
    const ipvs::Line& line = shaped.lines.at(filled.lines[i] - 1);
    Expect(line.shape != ipvs::kNoShape, "a record is of a line that has a shape");
    const ipvs::DestinationRecord& destination = filled.records[i].destination;
    const uint32_t from = line.shape % 3 == 0 ? 1 : 0;
    Expect(std::memcmp(destination.address, line.endpoints[from].address, sizeof destination.address) == 0 &&
               destination.port == line.endpoints[from].port,
           "a record has the endpoint that its template names");
  }
}

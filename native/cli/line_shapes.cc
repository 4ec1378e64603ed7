#include "native/cli/line_shapes.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "native/cli/read_text.h"

namespace ipvs {

namespace {

// The longest that makes sense has about 300 characters; 4096 are refused (lib/rules/parse/tokenize.ts), and
// no line of a shape may be when another is not.
constexpr size_t kLongestLine = 1000;
constexpr uint32_t kHighestPort = 65535;

bool IsBlank(char16_t c) {
  return c == u' ' || c == u'\t' || c == u'\r';
}

bool IsDigit(char16_t c) {
  return c >= u'0' && c <= u'9';
}

// Reads the endpoint that is the word at `at` and returns where it ends; nullptr when the word is none.
const char16_t* ReadEndpoint(const char16_t* at, const char16_t* end, LineEndpoint* endpoint) {
  endpoint->family = *at == u'[' ? AF_INET6 : AF_INET;
  at = endpoint->family == AF_INET ? ReadIpv4(at, end, endpoint->address)
                                   : ReadIpv6(at, end, endpoint->address);
  if (at == nullptr || at == end || *at++ != u':') return nullptr;
  if (!ReadNumber(&at, end, kHighestPort, &endpoint->port) || endpoint->port == 0) return nullptr;
  return at == end || IsBlank(*at) ? at : nullptr;
}

// FNV-1a's step.
uint64_t AddToHash(uint64_t hash, char16_t c) {
  return (hash ^ c) * 0x100000001b3ULL;
}

// Finds a line's endpoints, and hashes what is between them. False: no shape.
bool Scan(const char16_t* text, Line* line, uint64_t* hash) {
  if (line->end - line->start > kLongestLine) return false;
  const char16_t* const end = text + line->end;
  *hash = 0xcbf29ce484222325ULL;
  bool word_starts = true;
  for (const char16_t* at = text + line->start; at < end;) {
    if (word_starts && (IsDigit(*at) || *at == u'[')) {
      LineEndpoint endpoint = {};
      if (const char16_t* const stop = ReadEndpoint(at, end, &endpoint)) {
        if (line->endpoint_count == kLineEndpoints) return false;
        endpoint.start = static_cast<uint32_t>(at - text);
        endpoint.end = static_cast<uint32_t>(stop - text);
        line->endpoints[line->endpoint_count++] = endpoint;
        *hash = AddToHash(*hash, u'\n');  // no other character of a line
        *hash = AddToHash(*hash, static_cast<char16_t>(endpoint.family));
        at = stop;
        word_starts = false;
        continue;
      }
    }
    *hash = AddToHash(*hash, *at);
    word_starts = IsBlank(*at++);
  }
  return line->endpoint_count > 0;
}

// Whether two lines are the same but for their endpoints: a hash alone proves nothing.
bool SameShape(const char16_t* text, const Line& a, const Line& b) {
  if (a.endpoint_count != b.endpoint_count) return false;
  uint32_t from_a = a.start;
  uint32_t from_b = b.start;
  for (uint32_t i = 0; i <= a.endpoint_count; ++i) {
    const bool last = i == a.endpoint_count;
    const uint32_t to_a = last ? a.end : a.endpoints[i].start;
    const uint32_t to_b = last ? b.end : b.endpoints[i].start;
    if (!std::equal(text + from_a, text + to_a, text + from_b, text + to_b)) return false;
    if (last) break;
    if (a.endpoints[i].family != b.endpoints[i].family) return false;
    from_a = a.endpoints[i].end;
    from_b = b.endpoints[i].end;
  }
  return true;
}

void PutAddress(const Line& line, uint32_t endpoint, uint8_t (&address)[kAddressBytes]) {
  if (endpoint >= kLineEndpoints) return;
  std::memcpy(address, line.endpoints[endpoint].address, sizeof address);
}

void PutPort(const Line& line, uint32_t endpoint, uint32_t* port) {
  if (endpoint < kLineEndpoints) *port = line.endpoints[endpoint].port;
}

}  // namespace

ShapedLines ShapeLines(const char16_t* text, size_t length) {
  ShapedLines shaped;
  std::unordered_map<uint64_t, uint32_t> shapes;
  for (size_t start = 0; start < length;) {
    const char16_t* const end = std::find(text + start, text + length, u'\n');
    Line& line = shaped.lines.emplace_back();
    line.start = static_cast<uint32_t>(start);
    line.end = static_cast<uint32_t>(end - text);
    line.shape = kNoShape;
    start = line.end + size_t{1};
    uint64_t hash = 0;
    if (!Scan(text, &line, &hash)) continue;
    const auto next = static_cast<uint32_t>(shaped.shapes.size());
    const auto [place, added] = shapes.emplace(hash, next);
    if (added) shaped.shapes.push_back({static_cast<uint32_t>(shaped.lines.size() - 1), 0});
    Shape& shape = shaped.shapes[place->second];
    if (!added && !SameShape(text, shaped.lines[shape.first], line)) continue;
    line.shape = place->second;
    ++shape.count;
  }
  return shaped;
}

LineRecords FillTemplates(const Line* lines, size_t count, const std::vector<uint32_t>& template_of,
                          const std::vector<LineTemplate>& templates) {
  LineRecords filled;
  filled.records.reserve(count);
  filled.lines.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const Line& line = lines[i];
    const auto number = static_cast<uint32_t>(i + 1);
    const uint32_t which = line.shape < template_of.size() ? template_of[line.shape] : kNoShape;
    if (which >= templates.size()) {
      filled.rest.push_back(number);
      continue;
    }
    const LineTemplate& from = templates[which];
    CallRecord& record = filled.records.emplace_back(from.record);
    PutAddress(line, from.service, record.service.address);
    PutPort(line, from.service_port, &record.service.port);
    PutAddress(line, from.destination, record.destination.address);
    PutPort(line, from.destination_port, &record.destination.port);
    filled.lines.push_back(number);
  }
  return filled;
}

}  // namespace ipvs

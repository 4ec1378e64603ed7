// Lines of rules by their shape. A rules file has thousands of lines that differ in their endpoints,
// addresses with ports, alone: TypeScript reads and checks some of each shape, and makes a template of a
// call's record from them; the records of all others are made here. Knows nothing of what lines mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "native/codec/record.h"

namespace ipvs {

// A line has two at most that say something, the service's and the destination's.
inline constexpr size_t kLineEndpoints = 2;
inline constexpr uint32_t kNoShape = 0xffffffff;

// Where one stands in the text, and what it says. lib/cli/restore/shapes.ts reads these structs, as it does
// Line.
struct LineEndpoint {
  uint32_t start;
  uint32_t end;
  uint32_t family;  // AF_INET or AF_INET6
  uint32_t port;
  uint8_t address[kAddressBytes];  // in network order
};

struct Line {
  uint32_t start;
  uint32_t end;    // without the newline
  uint32_t shape;  // index in ShapedLines::shapes, or kNoShape
  uint32_t endpoint_count;
  LineEndpoint endpoints[kLineEndpoints];
};

// Lines that differ in their endpoints alone, which are of the same families.
struct Shape {
  uint32_t first;  // line
  uint32_t count;
};

struct ShapedLines {
  std::vector<Line> lines;
  std::vector<Shape> shapes;  // in the order of their first lines
};

// Splits a text into lines and finds their endpoints: whole words with a single possible reading. Leading
// zeros and IPv4 inside of IPv6 are no part of one, nor is port 0, which changes what a rule means. Lines
// without any, with more than kLineEndpoints, or longer than any rule, have no shape.
ShapedLines ShapeLines(const char16_t* text, size_t length);

// The record of a shape, and the endpoints that go into it: indices, or kNoShape.
struct LineTemplate {
  CallRecord record;
  uint32_t service;
  uint32_t service_port;
  uint32_t destination;
  uint32_t destination_port;
};

struct LineRecords {
  std::vector<CallRecord> records;
  std::vector<uint32_t> lines;  // the line of each record, counted from 1
  std::vector<uint32_t> rest;   // those that have none
};

// Makes the records of all lines that have a template. template_of[shape] is the index of a template, or
// kNoShape.
LineRecords FillTemplates(const Line* lines, size_t count, const std::vector<uint32_t>& template_of,
                          const std::vector<LineTemplate>& templates);

}  // namespace ipvs

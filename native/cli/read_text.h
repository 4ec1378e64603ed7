// Numbers and addresses in the one way to write them that has a single meaning everywhere: without signs,
// blanks or leading zeros, IPv6 without IPv4 inside. Characters are a program's words or JavaScript's text.
#pragma once

#include <arpa/inet.h>

#include <cstddef>
#include <cstdint>

namespace ipvs {

// Reads a decimal number up to `most`; false when there is none.
template <typename Character>
bool ReadNumber(const Character** at, const Character* end, uint32_t most, uint32_t* number) {
  const Character* const start = *at;
  uint64_t value = 0;
  for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
    if (*at > start && value == 0) return false;
    value = value * 10 + static_cast<uint64_t>(**at - '0');
    if (value > most) return false;
  }
  *number = static_cast<uint32_t>(value);
  return *at > start;
}

// Reads an IPv4 address and returns where it ends; nullptr when there is none.
template <typename Character>
const Character* ReadIpv4(const Character* at, const Character* end, uint8_t* address) {
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (at == end || *at++ != '.')) return nullptr;
    uint32_t value = 0;
    if (!ReadNumber(&at, end, 255, &value)) return nullptr;
    address[part] = static_cast<uint8_t>(value);
  }
  return at;
}

// The same for an IPv6 address in brackets.
template <typename Character>
const Character* ReadIpv6(const Character* at, const Character* end, uint8_t* address) {
  const auto is_part = [](Character c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':';
  };
  if (at == end || *at++ != '[') return nullptr;
  char text[INET6_ADDRSTRLEN] = {};
  for (size_t length = 0; at < end && *at != ']'; ++length) {
    if (length + 1 == sizeof text || !is_part(*at)) return nullptr;
    text[length] = static_cast<char>(*at++);
  }
  return at < end && inet_pton(AF_INET6, text, address) == 1 ? at + 1 : nullptr;
}

}  // namespace ipvs

// A kernel whose every answer is bytes of a fuzzer's. They are a script of items, each of which begins with a
// byte (modulo 8) that says what it is:
//
//   0 to 3  a datagram: its length in two bytes, little-endian, and its bytes
//   4       a receive that fails: one byte, an errno
//   5       no answer: the wait for one ends
//   6       a send that fails: one byte, an errno
//   7       the family's id from here on: two bytes; 0: it is gone
//
// A message's sequence number below 256 is counted from the one of the first message sent last, so that
// answers can be right without guessing. After the end nothing is answered any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "native/netlink/connection.h"
#include "test/native/messages.h"

class FuzzScript {
 public:
  enum class Family {
    kAnswered,  // questions for the family are answered apart from the script
    kScripted,
  };

  FuzzScript(const uint8_t* data, size_t length, Family family)
      : data_(data), end_(data + length), family_(family) {}

  // Neither copied nor moved while links of it are in use.
  ipvs::Link link();

  // Called for each datagram that was stored whole.
  std::function<void(const uint8_t* data, size_t length)> delivered = [](const uint8_t*, size_t) {};

 private:
  class ScriptSocket;
  enum class Item { kEnd, kDatagram, kFailure, kSilence, kRefusal };

  // What comes next, without taking it.
  Item Next();
  // The numbers behind the item's first byte.
  uint8_t TakeByte();
  uint16_t TakeShort();
  int TakeErrno();
  Bytes TakeDatagram();

  const uint8_t* data_;
  const uint8_t* end_;
  Family family_;
  uint16_t family_id_ = 30;
  uint32_t sequence_ = 0;  // of the first message sent last
};

// Rows as lines of text: what a line is made of (listing.cc), filled in from the columns of each row. Knows
// nothing of what lines mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "native/table/columns.h"

namespace ipvs {

// A piece of a line, padded to `width`: counters on the left, all others on the right. None is cut.
struct Piece {
  enum Kind : uint32_t {
    kText,        // texts[0]
    kTextByRow,   // texts[row]
    kTextByWord,  // texts[w] for the word w, or w itself where that is empty
    kEndpoint,    // address:port, the word being the port; in brackets where the word `family` is AF_INET6
    kWord,        // a word
    kCounter,     // a counter
    kShort,       // a counter in thousands and more where eight digits are not enough, as ipvsadm shortens it
  };

  Kind kind;
  uint32_t column;  // of words or counters
  uint32_t family;  // of words
  uint32_t width;
  std::vector<std::string> texts;
};

// Appends a row's pieces. The list has the columns, and the pieces the texts, that pieces name.
void AppendPieces(const std::vector<Piece>& pieces, const ListView& list, size_t row, std::string* text);

// Appends a number, and an address with its port: IPv6 in brackets.
void AppendNumber(uint64_t number, std::string* text);
void AppendEndpoint(uint32_t family, const uint8_t* address, uint32_t port, std::string* text);

}  // namespace ipvs

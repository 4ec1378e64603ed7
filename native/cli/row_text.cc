#include "native/cli/row_text.h"

#include <sys/socket.h>

#include <charconv>

#include "native/codec/record.h"

namespace ipvs {

namespace {

constexpr size_t kLongestNumber = 20;

void AppendRight(uint64_t number, size_t width, std::string* text) {
  char digits[kLongestNumber];
  const char* const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  const auto length = static_cast<size_t>(end - digits);
  if (length < width) text->append(width - length, ' ');
  text->append(digits, length);
}

// print_largenum() of ipvsadm.c.
void AppendShort(uint64_t number, size_t width, std::string* text) {
  constexpr uint64_t kThousand = 1000;
  constexpr uint64_t kMillion = kThousand * kThousand;
  constexpr uint64_t kBillion = kThousand * kMillion;
  if (number < 100 * kMillion) return AppendRight(number, width, text);
  const auto in = [&](uint64_t unit, char letter) {
    AppendRight(number / unit, width - 1, text);
    text->push_back(letter);
  };
  if (number < kBillion) return in(kThousand, 'K');
  if (number < 100 * kBillion) return in(kMillion, 'M');
  if (number < 100 * kThousand * kBillion) return in(kBillion, 'G');
  in(kThousand * kBillion, 'T');
}

// Not by inet_ntop(), which takes several times as long.
void AppendIpv4(const uint8_t* address, std::string* text) {
  for (int i = 0; i < 4; ++i) {
    if (i > 0) text->push_back('.');
    AppendNumber(address[i], text);
  }
}

void AppendHex(unsigned number, std::string* text) {
  char digits[4];
  text->append(digits, std::to_chars(digits, digits + sizeof digits, number, 16).ptr);
}

// Not by inet_ntop() either: musl's differs. lib/model/address.ts tells the rule; a test compares the two.
void AppendIpv6(const uint8_t* address, std::string* text) {
  constexpr size_t kGroups = 8;
  const auto group = [&](size_t i) { return unsigned{address[2 * i]} << 8 | address[2 * i + 1]; };
  size_t start = kGroups;  // there is none
  size_t length = 1;
  for (size_t i = 0, run = 0; i < kGroups; ++i) {
    run = group(i) == 0 ? run + 1 : 0;
    if (run <= length) continue;
    length = run;
    start = i + 1 - run;
  }
  const bool mapped = length == 5 && group(5) == 0xffff;
  if (start == 0 && (length == 6 || mapped)) {
    text->append(mapped ? "::ffff:" : "::");
    return AppendIpv4(address + 12, text);
  }
  for (size_t i = 0; i < kGroups; ++i) {
    if (i == start) {
      text->append(i == 0 ? "::" : ":");
      i += length - 1;
      continue;
    }
    AppendHex(group(i), text);
    if (i < kGroups - 1) text->push_back(':');
  }
}

void AppendAddress(uint32_t family, const uint8_t* address, std::string* text) {
  if (family != AF_INET6) return AppendIpv4(address, text);
  text->push_back('[');
  AppendIpv6(address, text);
  text->push_back(']');
}

}  // namespace

void AppendNumber(uint64_t number, std::string* text) {
  char digits[kLongestNumber];
  text->append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void AppendEndpoint(uint32_t family, const uint8_t* address, uint32_t port, std::string* text) {
  AppendAddress(family, address, text);
  text->push_back(':');
  AppendNumber(port, text);
}

void AppendPieces(const std::vector<Piece>& pieces, const ListView& list, size_t row, std::string* text) {
  for (const Piece& piece : pieces) {
    const size_t start = text->size();
    switch (piece.kind) {
      case Piece::kText:
        text->append(piece.texts[0]);
        break;
      case Piece::kTextByRow:
        text->append(piece.texts[row]);
        break;
      case Piece::kTextByWord: {
        const uint32_t word = list.Word(piece.column, row);
        if (word < piece.texts.size() && !piece.texts[word].empty()) {
          text->append(piece.texts[word]);
        } else {
          AppendNumber(word, text);
        }
        break;
      }
      case Piece::kEndpoint:
        AppendEndpoint(list.Word(piece.family, row), list.Address(row), list.Word(piece.column, row), text);
        break;
      case Piece::kWord:
        AppendNumber(list.Word(piece.column, row), text);
        break;
      case Piece::kCounter:
        AppendRight(list.Counter(piece.column, row), piece.width, text);
        break;
      case Piece::kShort:
        AppendShort(list.Counter(piece.column, row), piece.width, text);
        break;
    }
    const size_t length = text->size() - start;
    if (length < piece.width) text->append(piece.width - length, ' ');
  }
}

}  // namespace ipvs

// What is fuzzed (npm run fuzz), each target by bytes that mean something to it alone. The native tests run
// the same targets over the inputs that are kept in test/native/corpora.
#pragma once

#include <cstddef>
#include <cstdint>

struct FuzzTarget {
  const char* name;  // of its folder in test/native/corpora, too
  // Ends the process where the library breaks a promise; the sanitizers do so at a wrong access.
  void (*run)(const uint8_t* data, size_t length);
};

// Attributes of one nest, and a message as it is: native/codec/decode.
void FuzzDecode(const uint8_t* data, size_t length);
// The record of a call, whatever is in its fields, and one to merge it with: native/codec/encode and merge.
void FuzzEncode(const uint8_t* data, size_t length);
// A script (script.h) of what the kernel answers when it is asked for the family.
void FuzzFamily(const uint8_t* data, size_t length);
// A script of what it answers to three readings of the table.
void FuzzLists(const uint8_t* data, size_t length);
// A script of what it answers to a batch, a single write and a question.
void FuzzWrites(const uint8_t* data, size_t length);
// A text of rules: native/cli/line_shapes.
void FuzzShapes(const uint8_t* data, size_t length);
// Words of a command line, each in a line of its own: native/cli/usual_command.
void FuzzCommands(const uint8_t* data, size_t length);
// Rows of a table: what is printed of them, and read again of that (native/cli).
void FuzzListing(const uint8_t* data, size_t length);

inline constexpr FuzzTarget kFuzzTargets[] = {
    {"decode", FuzzDecode}, {"encode", FuzzEncode}, {"family", FuzzFamily},     {"lists", FuzzLists},
    {"writes", FuzzWrites}, {"shapes", FuzzShapes}, {"commands", FuzzCommands}, {"listing", FuzzListing},
};

// Ends the process, which is what libFuzzer and the native tests take for a failure, unless `holds`.
void Expect(bool holds, const char* promise);

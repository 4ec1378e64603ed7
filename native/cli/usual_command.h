// Command lines in the forms that scripts use: what ipvs-quick does by itself.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "native/cli/listing.h"
#include "native/codec/record.h"

namespace ipvs {

struct UsualCommand {
  enum Kind {
    kWrite,        // -A, -E, -D, -a, -e, -d, -C and -Z
    kListTable,    // -Ln
    kListService,  // the same of one service
    kSave,         // -Sn
    kOverview,     // `ipvs list`
  };

  Kind kind;
  CallRecord call;         // kWrite: the write; kListService: of its service
  ListingOptions listing;  // kListTable, kListService
};

// Reads a command line. Whatever has a name in place of a number, is odd, wrong or to be warned of, or seldom
// written so, is nothing usual: lib/rules/parse knows all that, and a test holds the two together.
std::optional<UsualCommand> ReadUsualCommand(const std::vector<std::string_view>& words);

}  // namespace ipvs

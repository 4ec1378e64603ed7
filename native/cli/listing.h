// What ipvsadm's -L prints of a table: the heading, and a line for each row.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "native/table/columns.h"

namespace ipvs {

// What is shown of a row. lib/cli/execute/listing.ts has the same numbers.
enum class Show : uint32_t {
  kUsual,
  kStats,
  kRate,
  kThresholds,
  kPersistentConnections,
  kTunnels,
};

struct ListingOptions {
  Show show;
  bool exact;   // counters are not shortened
  bool sorted;  // as ipvsadm sorts; or as the kernel lists
};

// A text for each row, where it is not made of columns alone.
struct ListingTexts {
  std::vector<std::string> service_names;      // empty: protocols, addresses and ports, and marks
  std::vector<std::string> destination_names;  // empty: addresses and ports
  std::vector<std::string> tunnels;            // empty but with kTunnels
};

// Whether there are as many texts as rows, wherever they are wanted.
bool Matches(const ListingTexts& texts, const ListView& services, const ListView& destinations, Show show);

// The two lines above a list, and the list: a line for each service, and after it those of its destinations.
// `names` are those that services' words index (Columns::names).
std::string Listing(const ListView& services, const ListView& destinations,
                    const std::vector<std::string>& names, const ListingOptions& options, ListingTexts texts);

}  // namespace ipvs

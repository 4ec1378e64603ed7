// The order in which a table's rows are listed.
#pragma once

#include <cstdint>
#include <vector>

#include "native/table/columns.h"

namespace ipvs {

struct TableOrder {
  std::vector<uint32_t> services;      // rows
  std::vector<uint32_t> destinations;  // rows, those of one service after those of another
};

// As the kernel lists them.
TableOrder KernelOrder(const ListView& services, const ListView& destinations);

// As ipvsadm sorts them: services with marks last, the others by family, protocol, address and port;
// destinations by address and port. lib/rules/format/order.ts does the same with specs.
TableOrder SortedOrder(const ListView& services, const ListView& destinations);

}  // namespace ipvs

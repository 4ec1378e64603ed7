// The IPVS generic-netlink family: its id, and the module behind it.
#pragma once

#include <cstdint>

namespace ipvs {

// Asks the kernel for the id of the family IPVS, which makes it load ip_vs where that module carries the
// family's alias (net-pf-16-proto-16-family-IPVS; Linux 5.14 and later, not 5.10). Where it does not, a
// second attempt names the module to the kernel's own loader as if it were a network device. 0 with the id in
// *id, kNoFamily, or an errno. May wait for modprobe.
int ResolveFamily(uint16_t* id);

}  // namespace ipvs

// The IPVS generic-netlink family: its id, and what its kernel can do.
#pragma once

#include <cstdint>

#include "native/netlink/socket.h"

namespace ipvs {

// Asks the kernel for the id of the family IPVS, on a socket that is open already: it takes no descriptor,
// and the errno of a send or receive that fails stays what it is (genl_ctrl_resolve() opens no socket either,
// but folds a dozen errnos into one). The kernel loads ip_vs for it where that module carries the family's
// alias (net-pf-16-proto-16-family-IPVS; Linux 5.14 and later, not 5.10), which may take as long as modprobe
// does. kOk with the id in *id, kNoFamily, or LocalFailure().
int AskForFamily(Socket* socket, uint16_t* id);

// Whether the kernel makes dumps of several sockets at once, told by a setting that came with that (7.x). In
// the calling thread's network namespace; false where /proc does not show it.
bool KernelDumpsSideBySide();

}  // namespace ipvs

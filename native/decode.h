// IPVS netlink messages into rows. Knows no socket, no thread and no N-API, and trusts no length it is given.
#pragma once

#include <linux/netlink.h>

#include "rows.h"

namespace ipvs {

// Each gives back false when the message lacks what identifies the row. Rows are zeroed when they are given,
// and stay so but for what was found. Attributes that are unknown, or of another length than the kernel's
// policy says, are skipped.
bool DecodeService(const nlmsghdr* message, ServiceRow* row);
bool DecodeDestination(const nlmsghdr* message, DestinationRow* row);
bool DecodeDaemon(const nlmsghdr* message, DaemonRecord* row);
bool DecodeTimeouts(const nlmsghdr* message, TimeoutsRecord* row);
bool DecodeInfo(const nlmsghdr* message, InfoRow* row);

}  // namespace ipvs

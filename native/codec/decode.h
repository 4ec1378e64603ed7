// IPVS netlink messages into rows. Knows no socket, no thread and no N-API, and trusts no length it is given.
#pragma once

#include <linux/netlink.h>

#include "native/codec/rows.h"

namespace ipvs {

// Each gives back false when the message has no such row. Rows are zeroed when they are given, and stay so
// but for what was found. Attributes that are unknown are skipped; of one that is longer than its field the
// start is taken, a number that is shorter is 0.
bool DecodeService(const nlmsghdr* message, ServiceRow* row);
bool DecodeDestination(const nlmsghdr* message, DestinationRow* row);
bool DecodeDaemon(const nlmsghdr* message, DaemonRecord* row);
bool DecodeTimeouts(const nlmsghdr* message, TimeoutsRecord* row);
bool DecodeInfo(const nlmsghdr* message, InfoRow* row);

}  // namespace ipvs

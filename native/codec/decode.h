// Decodes IPVS netlink messages into rows. Knows no socket, no thread and no N-API, and trusts no length of a
// message but its own (nlmsg_len).
#pragma once

#include <linux/netlink.h>

#include "native/codec/rows.h"

namespace ipvs {

// Each returns false when the message has no such row. The caller zeroes the row; an attribute that the
// message lacks leaves its field 0. Unknown attributes are skipped; of an attribute that is longer than its
// field the start is taken, and a number that is too short reads as 0.
bool DecodeService(const nlmsghdr* message, ServiceRow* row);
bool DecodeDestination(const nlmsghdr* message, DestinationRow* row);
bool DecodeDaemon(const nlmsghdr* message, DaemonRecord* row);
bool DecodeTimeouts(const nlmsghdr* message, TimeoutsRecord* row);
bool DecodeInfo(const nlmsghdr* message, InfoRow* row);

}  // namespace ipvs

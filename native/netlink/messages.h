// Datagrams taken apart into netlink messages. Trusts no length that stands in them.
#pragma once

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ipvs {

// Calls visit(header) for each message of a datagram. Stops when visit() returns false, or at the first
// message whose length is impossible.
template <typename Visit>
void ForEachMessage(const uint8_t* data, ptrdiff_t length, Visit visit) {
  auto remaining = static_cast<size_t>(length);
  while (remaining >= sizeof(nlmsghdr)) {
    const auto* const at = reinterpret_cast<const nlmsghdr*>(data);
    if (at->nlmsg_len < sizeof(nlmsghdr) || at->nlmsg_len > remaining || !visit(at)) return;
    const size_t step = std::min<size_t>(NLMSG_ALIGN(at->nlmsg_len), remaining);
    data += step;
    remaining -= step;
  }
}

// The errno in an ack or an end mark, both of which start with 0 or a negative int. EBADMSG where there is
// none.
inline int ErrorIn(const nlmsghdr* message) {
  constexpr int kLargestErrno = 4095;  // MAX_ERRNO
  int error = 0;
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof error)) return EBADMSG;
  std::memcpy(&error, NLMSG_DATA(message), sizeof error);
  return error <= 0 && error >= -kLargestErrno ? -error : EBADMSG;
}

// The errno in an ack that came instead of what was asked for. EBADMSG where it tells of success: no ack was
// asked for, and what was is not there.
inline int RefusalIn(const nlmsghdr* message) {
  const int error = ErrorIn(message);
  return error != 0 ? error : EBADMSG;
}

}  // namespace ipvs

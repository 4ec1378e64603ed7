// Encodes calls as IPVS netlink messages. Knows no socket, no thread and no N-API.
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "native/codec/record.h"

namespace ipvs {

// Builds messages one after another into one buffer, ready for a single send. Not thread-safe.
class Encoder {
 public:
  // Appends the kernel command `command` (an Operation below 32) about what `call` names. `flags` are NLM_F_*
  // besides REQUEST.
  void Append(const CallRecord& call, Operation command, uint16_t family, uint32_t port, uint32_t sequence,
              uint16_t flags);
  void Clear() { bytes_.clear(); }
  const std::vector<uint8_t>& bytes() const { return bytes_; }
  // The header of the message that was appended last.
  nlmsghdr* last();

 private:
  std::vector<uint8_t> bytes_;
  size_t last_ = 0;
};

}  // namespace ipvs

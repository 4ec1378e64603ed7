// A netlink socket with a buffer: interrupted calls are made again, a datagram that is too long makes the
// buffer grow, and an answer that does not come is given up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "native/netlink/kernel_socket.h"

namespace ipvs {

// Not thread-safe.
class Socket {
 public:
  // `receive_size` is the length of every receive on this socket and so, from the second one on, the size of
  // the kernel's dump chunks (netlink_dump() takes the longest it has seen, at most 32,448).
  Socket(std::unique_ptr<KernelSocket> kernel, size_t receive_size)
      : kernel_(std::move(kernel)), buffer_(receive_size) {}

  // Sends one or more messages to the kernel, which executes them before this returns. 0 or an errno.
  int Send(const void* data, size_t length);

  // Takes a datagram that is in the queue into buffer(). Returns its length, 0 when the queue is empty, or
  // minus an errno as Receive().
  ptrdiff_t TryReceive();

  // Receives one datagram into buffer(). Returns its length, or minus an errno: ETIMEDOUT when nothing comes
  // for two seconds, EMSGSIZE when it was longer than the buffer (which then grows, for the next attempt).
  ptrdiff_t Receive();

  // Receives more at once from now on; never less, as a buffer that was too short has grown already.
  void Widen(size_t receive_size) {
    if (receive_size > buffer_.size()) buffer_.resize(receive_size);
  }

  const uint8_t* buffer() const { return buffer_.data(); }
  size_t receive_size() const { return buffer_.size(); }
  // Whether it never received: the kernel has seen no buffer of it yet, and takes it for a page's.
  bool fresh() const { return fresh_; }
  uint32_t port() const { return kernel_->port(); }
  uint32_t NextSequence() { return ++sequence_; }

 private:
  std::unique_ptr<KernelSocket> kernel_;
  std::vector<uint8_t> buffer_;
  uint32_t sequence_ = 0;
  bool fresh_ = true;
};

}  // namespace ipvs

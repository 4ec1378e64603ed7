// A generic-netlink socket. libnl opens and binds it; sending and receiving are done here, because libnl's
// receive loop allocates for every message, hides how long the buffer was (which sets the kernel's dump
// chunk) and folds ESRCH into ENOENT.
#pragma once

#include <netlink/netlink.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ipvs {

// Not thread-safe. Belongs to the network namespace of the thread that opened it, and keeps that namespace
// alive.
class Socket {
 public:
  // Opens in the calling thread's network namespace. `receive_size` is the length of every receive on this
  // socket and so, from the second one on, the size of the kernel's dump chunks (netlink_dump() takes the
  // longest it has seen, at most 32,448). nullptr on failure, with the errno in *error.
  static std::unique_ptr<Socket> Open(size_t receive_size, int* error);

  // Sends one or more messages to the kernel, which executes them before this returns. 0 or an errno.
  int Send(const void* data, size_t length);

  // Takes a datagram that is there into buffer(): its length, 0 when there is none, or minus an errno as
  // Receive().
  ptrdiff_t TryReceive();

  // Receives one datagram into buffer(). Its length, or minus an errno; ETIMEDOUT when nothing comes for two
  // seconds, EMSGSIZE when it was longer than the buffer (which then grows, for the next attempt).
  ptrdiff_t Receive();

  // Receives more at once from now on; never less, as a buffer that was too short has grown already.
  void Widen(size_t receive_size) {
    if (receive_size > buffer_.size()) buffer_.resize(receive_size);
  }

  const uint8_t* buffer() const { return buffer_.data(); }
  uint32_t port() const { return nl_socket_get_local_port(socket_.get()); }
  uint32_t NextSequence() { return ++sequence_; }

 private:
  struct Free {
    void operator()(nl_sock* socket) const { nl_socket_free(socket); }
  };
  explicit Socket(size_t receive_size) : buffer_(receive_size) {}

  std::unique_ptr<nl_sock, Free> socket_;
  int fd_ = -1;  // socket_'s
  std::vector<uint8_t> buffer_;
  uint32_t sequence_ = 0;
};

}  // namespace ipvs

// The system calls of a generic-netlink socket, as an interface: Socket is built on it, the kernel's own
// sockets implement it by libnl, and native tests by a script.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace ipvs {

// Not thread-safe. Every method reports a failure as minus the errno, EINTR included.
class KernelSocket {
 public:
  KernelSocket() = default;
  virtual ~KernelSocket() = default;
  KernelSocket(const KernelSocket&) = delete;
  KernelSocket& operator=(const KernelSocket&) = delete;
  KernelSocket(KernelSocket&&) = delete;
  KernelSocket& operator=(KernelSocket&&) = delete;

  // Sends one datagram of messages, which the kernel executes before this returns. Returns the bytes sent.
  virtual ptrdiff_t Send(const void* data, size_t length) = 0;
  // Takes a datagram out of the queue without waiting. Returns its whole length, of which at most `size`
  // bytes were stored; EAGAIN when the queue is empty.
  virtual ptrdiff_t Receive(void* buffer, size_t size) = 0;
  // Waits until the queue holds something. Returns 1, or 0 when `timeout_ms` passed.
  virtual int Wait(int timeout_ms) = 0;
  // The address of this socket, which its messages carry as nlmsg_pid.
  virtual uint32_t port() const = 0;
};

// Opens a socket in the calling thread's network namespace; it belongs to that namespace and keeps it alive.
// nullptr on failure, with the errno in *error.
std::unique_ptr<KernelSocket> OpenKernelSocket(int* error);

}  // namespace ipvs

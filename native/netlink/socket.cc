#include "native/netlink/socket.h"

#include <cerrno>

namespace ipvs {

namespace {

constexpr int kReceiveTimeoutMs = 2000;
constexpr size_t kLongestDatagram = 1 << 16;

}  // namespace

int Socket::Send(const void* data, size_t length) {
  while (true) {
    const ptrdiff_t sent = kernel_->Send(data, length);
    if (sent == static_cast<ptrdiff_t>(length)) return 0;
    if (sent >= 0) return EIO;
    if (sent != -EINTR) return static_cast<int>(-sent);
  }
}

ptrdiff_t Socket::TryReceive() {
  while (true) {
    const ptrdiff_t length = kernel_->Receive(buffer_.data(), buffer_.size());
    if (length >= 0) fresh_ = false;
    if (length > static_cast<ptrdiff_t>(buffer_.size())) {
      buffer_.resize(kLongestDatagram);
      return -EMSGSIZE;
    }
    if (length >= 0) return length;
    if (length == -EAGAIN) return 0;
    if (length != -EINTR) return length;
  }
}

ptrdiff_t Socket::Receive() {
  while (true) {
    if (const ptrdiff_t length = TryReceive(); length != 0) return length;
    // The kernel answers inside send() and recv(), so an empty queue means a lost answer; wait a little all
    // the same.
    const int ready = kernel_->Wait(kReceiveTimeoutMs);
    if (ready == 0) return -ETIMEDOUT;
    if (ready < 0 && ready != -EINTR) return ready;
  }
}

}  // namespace ipvs

#include "native/netlink/socket.h"

#include <linux/netlink.h>
#include <netlink/genl/genl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace ipvs {

namespace {

// Room for the acks of a whole batch, even if every message in it fails: an ack is charged with up to 1 KiB
// of socket buffer, whatever it carries (kernel: skb->truesize). Forced, because whoever may use IPVS has
// CAP_NET_ADMIN.
constexpr int kSocketBuffer = 1 << 20;
constexpr int kReceiveTimeoutMs = 2000;
constexpr size_t kLongestDatagram = 1 << 16;

sockaddr_nl KernelAddress() {
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  return kernel;
}

void ForceBuffer(int fd, int forced, int plain) {
  if (setsockopt(fd, SOL_SOCKET, forced, &kSocketBuffer, sizeof kSocketBuffer) != 0) {
    setsockopt(fd, SOL_SOCKET, plain, &kSocketBuffer, sizeof kSocketBuffer);
  }
}

}  // namespace

std::unique_ptr<Socket> Socket::Open(size_t receive_size, int* error) {
  std::unique_ptr<Socket> socket(new Socket(receive_size));
  socket->socket_.reset(nl_socket_alloc());
  if (!socket->socket_) {
    *error = ENOMEM;
    return nullptr;
  }
  errno = 0;
  if (genl_connect(socket->socket_.get()) < 0) {
    *error = errno != 0 ? errno : EPROTONOSUPPORT;
    return nullptr;
  }
  const int fd = socket->fd_ = nl_socket_get_fd(socket->socket_.get());
  ForceBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
  ForceBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
  // The kernel alone may send to a socket that is connected to it (netlink_getsockbyportid): generic netlink
  // lets any program write to others' sockets.
  const sockaddr_nl kernel = KernelAddress();
  if (connect(fd, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) != 0) {
    *error = errno;
    return nullptr;
  }
  // Error acks without the request's payload. Absent before Linux 4.3, where they are only longer.
  const int on = 1;
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  *error = 0;
  return socket;
}

int Socket::Send(const void* data, size_t length) {
  // With an explicit destination the kernel asks for the sender's capability only, not the opener's too
  // (netlink_capable()).
  const sockaddr_nl kernel = KernelAddress();
  while (true) {
    const ssize_t sent =
        sendto(fd_, data, length, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
    if (sent == static_cast<ssize_t>(length)) return 0;
    if (sent >= 0) return EIO;
    if (errno != EINTR) return errno;
  }
}

ptrdiff_t Socket::TryReceive() {
  while (true) {
    const ssize_t length = recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (length >= 0) {
      if (static_cast<size_t>(length) > buffer_.size()) {
        buffer_.resize(kLongestDatagram);
        return -EMSGSIZE;
      }
      return length;
    }
    if (errno == EAGAIN) return 0;
    if (errno != EINTR) return -errno;
  }
}

ptrdiff_t Socket::Receive() {
  while (true) {
    if (const ptrdiff_t length = TryReceive(); length != 0) return length;
    // The kernel answers inside send() and recv(), so an empty queue means a lost answer; wait a little all
    // the same.
    pollfd wait = {fd_, POLLIN, 0};
    const int ready = poll(&wait, 1, kReceiveTimeoutMs);
    if (ready == 0) return -ETIMEDOUT;
    if (ready < 0 && errno != EINTR) return -errno;
  }
}

}  // namespace ipvs

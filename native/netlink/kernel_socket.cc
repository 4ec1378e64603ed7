#include "native/netlink/kernel_socket.h"

#include <linux/netlink.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace ipvs {

namespace {

// Room for the acks of a whole batch, even if every message in it fails: an ack is charged with up to 1 KiB
// of socket buffer, whatever it carries (kernel: skb->truesize). Forced, because whoever may use IPVS has
// CAP_NET_ADMIN.
constexpr int kSocketBuffer = 1 << 20;

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

struct FreeSocket {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};
using LibnlSocket = std::unique_ptr<nl_sock, FreeSocket>;

// A socket that libnl opened and bound. Sending and receiving are done here, because libnl's receive loop
// allocates for every message, hides how long the buffer was (which sets the kernel's dump chunk) and folds
// ESRCH into ENOENT.
class OpenedSocket final : public KernelSocket {
 public:
  explicit OpenedSocket(LibnlSocket socket)
      : socket_(std::move(socket)), fd_(nl_socket_get_fd(socket_.get())) {}

  ptrdiff_t Send(const void* data, size_t length) override {
    // With an explicit destination the kernel asks for the sender's capability only, not the opener's too
    // (netlink_capable()).
    const sockaddr_nl kernel = KernelAddress();
    const ssize_t sent =
        sendto(fd_, data, length, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
    return sent < 0 ? -errno : sent;
  }

  ptrdiff_t Receive(void* buffer, size_t size) override {
    const ssize_t length = recv(fd_, buffer, size, MSG_DONTWAIT | MSG_TRUNC);
    return length < 0 ? -errno : length;
  }

  int Wait(int timeout_ms) override {
    pollfd wait = {fd_, POLLIN, 0};
    const int ready = poll(&wait, 1, timeout_ms);
    return ready < 0 ? -errno : ready;
  }

  uint32_t port() const override { return nl_socket_get_local_port(socket_.get()); }

 private:
  LibnlSocket socket_;
  int fd_;  // socket_'s
};

}  // namespace

std::unique_ptr<KernelSocket> OpenKernelSocket(int* error) {
  LibnlSocket socket(nl_socket_alloc());
  if (!socket) {
    *error = ENOMEM;
    return nullptr;
  }
  errno = 0;
  if (genl_connect(socket.get()) < 0) {
    *error = errno != 0 ? errno : EPROTONOSUPPORT;
    return nullptr;
  }
  const int fd = nl_socket_get_fd(socket.get());
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
  return std::make_unique<OpenedSocket>(std::move(socket));
}

}  // namespace ipvs

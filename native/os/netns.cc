#include "native/os/netns.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "native/codec/record.h"
#include "native/os/memory.h"
#include "native/os/thread.h"

namespace ipvs {

namespace {

// SO_NETNS_COOKIE, which headers older than 5.14 lack. The same on all architectures that Node.js runs on.
constexpr int kNetnsCookie = 71;

// What opening a path ended with. A namespace's file opens without waiting for anybody; what refuses that, a
// socket or a device, is none.
int OpenFailure(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return LocalFailure(error);
    case ENXIO:
    case ENODEV:
      return NamespaceFailure(EINVAL);
    default:
      return NamespaceFailure(error);
  }
}

}  // namespace

int ReadNamespaceCookie(std::vector<uint8_t>* cookie) {
  // Any socket belongs to the thread's namespace; this kind needs neither a capability nor a module.
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno;
  uint64_t number = 0;
  socklen_t size = sizeof number;
  if (getsockopt(socket.get(), SOL_SOCKET, kNetnsCookie, &number, &size) != 0) return errno;
  const std::string text = std::to_string(number);
  cookie->assign(text.begin(), text.end());
  return 0;
}

int NetworkNamespace::Run(const std::function<void()>& work) {
  if (!fd_ && path_.empty()) {
    work();
    return kOk;
  }
  Descriptor opened;
  if (!fd_) {
    // O_NONBLOCK: a FIFO would wait for its other end. setns() then tells what is no network namespace.
    opened = Descriptor::Open(path_, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!opened) return OpenFailure(errno);
  }
  const int entering = fd_ ? fd_.get() : opened.get();
  int error = 0;
  bool found_memory = true;
  pthread_t thread = {};
  const int started = StartThread(
      [&] {
        if (setns(entering, CLONE_NEWNET) != 0) {
          error = errno;
          return;
        }
        if (!FindsMemory(work)) found_memory = false;
      },
      &thread);
  if (started != 0) return LocalFailure(started);
  pthread_join(thread, nullptr);
  if (!found_memory) return LocalFailure(ENOMEM);
  if (error == 0 && opened) fd_ = std::move(opened);
  return error == 0 ? kOk : NamespaceFailure(error);
}

}  // namespace ipvs

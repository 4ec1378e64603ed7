#include "native/os/netns.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>
#include <utility>

#include "native/os/thread.h"

namespace ipvs {

int NetworkNamespace::Run(const std::function<void()>& work) {
  if (!fd_ && path_.empty()) {
    work();
    return 0;
  }
  Descriptor opened;
  if (!fd_) {
    opened = Descriptor(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened) return errno;
  }
  const int entering = fd_ ? fd_.get() : opened.get();
  int error = 0;
  pthread_t thread = {};
  const int started = StartThread(
      [&] {
        if (setns(entering, CLONE_NEWNET) != 0) {
          error = errno;
          return;
        }
        work();
      },
      &thread);
  if (started != 0) return started;
  pthread_join(thread, nullptr);
  if (error == 0 && opened) fd_ = std::move(opened);
  return error;
}

}  // namespace ipvs

#include "netns.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>

#include "thread.h"

namespace ipvs {

int NetworkNamespace::Run(const std::function<void()>& work) {
  if (!fd_ && path_.empty()) {
    work();
    return 0;
  }
  if (!fd_) {
    fd_ = Descriptor(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd_) return errno;
  }
  int error = 0;
  pthread_t thread = {};
  const int started = StartThread(
      [&] {
        if (setns(fd_.get(), CLONE_NEWNET) != 0) {
          error = errno;
          return;
        }
        work();
      },
      &thread);
  if (started != 0) return started;
  pthread_join(thread, nullptr);
  return error;
}

}  // namespace ipvs

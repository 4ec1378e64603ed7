#include "native/os/thread.h"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask is POSIX, not C++

#include <memory>
#include <utility>

namespace ipvs {

int StartThread(std::function<void()> body, pthread_t* thread) {
  auto owned = std::make_unique<std::function<void()>>(std::move(body));
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(
      thread, nullptr,
      [](void* argument) -> void* {
        const std::unique_ptr<std::function<void()>> run(static_cast<std::function<void()>*>(argument));
        (*run)();
        return nullptr;
      },
      owned.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) {
    static_cast<void>(owned.release());  // the thread owns it now
    pthread_setname_np(*thread, "ipvs");
  }
  return error;
}

}  // namespace ipvs

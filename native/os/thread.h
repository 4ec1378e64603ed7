// Threads of the addon's own. std::thread would throw where none can be had, and could not block signals.
#pragma once

#include <pthread.h>

#include <functional>

namespace ipvs {

// Starts a thread that runs `body` with all signals blocked, so that the host process's handlers stay on its
// own threads. 0, or the errno (EAGAIN: the process may have no more threads). The caller joins or detaches
// it.
int StartThread(std::function<void()> body, pthread_t* thread);

}  // namespace ipvs

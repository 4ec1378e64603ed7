#include "test/native/failing_calls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>
#include <utility>

thread_local int failing_readdir = 0;
thread_local int failing_pthread_create = 0;

namespace {

template <typename Function>
Function TheLibrarys(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// With _FILE_OFFSET_BITS=64 <dirent.h> calls it readdir64 for the linker.
extern "C" dirent* readdir(DIR* directory) {
#if defined(_FILE_OFFSET_BITS) && _FILE_OFFSET_BITS == 64
  static const auto real = TheLibrarys<dirent* (*)(DIR*)>("readdir64");
#else
  static const auto real = TheLibrarys<dirent* (*)(DIR*)>("readdir");
#endif
  dirent* const entry = real(directory);
  if (entry == nullptr && failing_readdir != 0) errno = std::exchange(failing_readdir, 0);
  return entry;
}

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                              void* argument) {
  static const auto real = TheLibrarys<decltype(&pthread_create)>("pthread_create");
  return failing_pthread_create != 0 ? failing_pthread_create : real(thread, attributes, body, argument);
}

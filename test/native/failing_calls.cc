#include "test/native/failing_calls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>
#include <cstdlib>
#include <new>
#include <utility>

thread_local int failing_readdir = 0;
thread_local int failing_pthread_create = 0;
thread_local int failing_new = 0;

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

// All forms: those of AddressSanitizer would not call one another.
void* operator new(size_t size) {
  if (failing_new > 0 && --failing_new == 0) throw std::bad_alloc();
  void* const memory = std::malloc(size > 0 ? size : 1);  // NOLINT(cppcoreguidelines-no-malloc)
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* operator new[](size_t size) {
  return operator new(size);
}

void* operator new(size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return std::malloc(size > 0 ? size : 1);  // NOLINT(cppcoreguidelines-no-malloc)
}

void operator delete(void* memory) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}

void operator delete(void* memory, size_t /*size*/) noexcept {
  operator delete(memory);
}

void operator delete[](void* memory) noexcept {
  operator delete(memory);
}

void operator delete[](void* memory, size_t /*size*/) noexcept {
  operator delete(memory);
}

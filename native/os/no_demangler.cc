// The C++ library's handler of uncaught exceptions would print their names in readable form, by a demangler
// that is a quarter of a published addon. Nothing here throws on purpose; who debugs has c++filt.
#include <cstddef>

extern "C" char* __cxa_demangle(const char*, char*, size_t*, int* status) {
  constexpr int kFailed = -1;
  if (status != nullptr) *status = kFailed;
  return nullptr;
}

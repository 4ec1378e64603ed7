// Symbols that Debian's libstdc++ and libgcc, made for glibc, need and musl lacks. For tests only.
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

char __libc_single_threaded = 0;

struct {
  unsigned values[4];
} __cpu_model;

int __cpu_indicator_init(void) {
  return 0;
}

// Returns "not found": the caller then asks dl_iterate_phdr().
int _dl_find_object(void* address, void* result) {
  return -1;
}

// Destructors of thread-local objects are not run.
int __cxa_thread_atexit_impl(void (*function)(void*), void* object, void* library) {
  return 0;
}

uint32_t arc4random(void) {
  uint32_t value;
  if (getrandom(&value, sizeof value, 0) != sizeof value) abort();
  return value;
}

size_t __strftime_l(char* text, size_t size, const char* format, const struct tm* time, locale_t locale) {
  return strftime_l(text, size, format, time, locale);
}

unsigned long __isoc23_strtoul(const char* text, char** end, int base) {
  return strtoul(text, end, base);
}

int strfromf128(char* text, size_t size, const char* format, ...) {
  abort();
}

void strtof128(void) {
  abort();
}

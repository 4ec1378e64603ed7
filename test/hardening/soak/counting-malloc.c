// A preloaded library that counts what is allocated and not freed: by the addon and its libnl, and by the
// whole process. Resident memory tells less: the allocator keeps what was freed, for each thread by itself,
// and V8 maps more as it likes.
//
// The counts are in memory without a file, which IPVS_COUNTING_MALLOC names from then on; resources.ts reads
// it.
//
// IPVS_LEAK_EVERY=N plants a leak, for those who want to see one found: of the addon's blocks each Nth is
// never freed.
//
// A block of the addon's is eight bytes longer than it asked for, and ends with a mark, by which whoever
// frees the block knows it. Memory is had by glibc's own names for its functions, which need no dlsym().

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);

enum { MARK_BYTES = 8, MOST_MODULES = 8 };

struct counts {
  int64_t bytes;
  int64_t blocks;
};

// As resources.ts reads it.
struct shared {
  struct counts addon;
  struct counts all;
};

static struct shared before_main;
static struct shared* shared = &before_main;

/// The code of the addon and of libnl, as it is mapped; never unmapped (-z nodelete).
static struct {
  uintptr_t begin;
  uintptr_t end;
} modules[MOST_MODULES];
static int module_count;

/// A planted leak: of our blocks that are freed each so-manyth stays; 0: none.
static uint64_t leak_every;
static uint64_t freed;

static bool is_ours(const void* caller) {
  const uintptr_t at = (uintptr_t)caller;
  const int count = __atomic_load_n(&module_count, __ATOMIC_ACQUIRE);
  for (int i = 0; i < count; i++) {
    if (at >= modules[i].begin && at < modules[i].end) return true;
  }
  return false;
}

/// The mark's place: the last bytes of what the allocator gave, which is a multiple of eight.
static uint64_t* mark_of(void* block, size_t usable) {
  return (uint64_t*)((char*)block + usable - MARK_BYTES);
}

static uint64_t mark_for(const void* block) {
  return (uint64_t)(uintptr_t)block ^ 0x9e3779b97f4a7c15u;
}

static void count(struct counts* by, size_t usable, int sign) {
  __atomic_fetch_add(&by->bytes, sign * (int64_t)usable, __ATOMIC_RELAXED);
  __atomic_fetch_add(&by->blocks, sign, __ATOMIC_RELAXED);
}

/// Enters a block: one of ours, which is MARK_BYTES longer than was asked for, or somebody else's.
static void* entered(void* block, bool ours) {
  if (block == NULL) return NULL;
  const size_t usable = malloc_usable_size(block);
  count(&shared->all, usable, 1);
  if (ours) {
    count(&shared->addon, usable, 1);
    *mark_of(block, usable) = mark_for(block);
  }
  return block;
}

static bool is_marked(void* block, size_t usable) {
  return *mark_of(block, usable) == mark_for(block);
}

/// Takes a block out of the counts, and its mark off: what comes after it must not have it. Returns whether
/// it was ours.
static bool left(void* block) {
  const size_t usable = malloc_usable_size(block);
  count(&shared->all, usable, -1);
  if (!is_marked(block, usable)) return false;
  *mark_of(block, usable) = 0;
  count(&shared->addon, usable, -1);
  return true;
}

static size_t with_mark(size_t size, bool ours) {
  return ours && size <= SIZE_MAX - MARK_BYTES ? size + MARK_BYTES : size;
}

static void* allocate(size_t size, const void* caller) {
  const bool ours = is_ours(caller);
  return entered(__libc_malloc(with_mark(size, ours)), ours);
}

static void* allocate_aligned(size_t alignment, size_t size, const void* caller) {
  const bool ours = is_ours(caller);
  return entered(__libc_memalign(alignment, with_mark(size, ours)), ours);
}

void* malloc(size_t size) {
  return allocate(size, __builtin_return_address(0));
}

void free(void* block) {
  if (block == NULL) return;
  if (leak_every != 0 && is_marked(block, malloc_usable_size(block)) &&
      __atomic_add_fetch(&freed, 1, __ATOMIC_RELAXED) % leak_every == 0)
    return;
  left(block);
  __libc_free(block);
}

void* calloc(size_t count, size_t size) {
  const bool ours = is_ours(__builtin_return_address(0));
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return entered(__libc_calloc(1, with_mark(bytes, ours)), ours);
}

void* realloc(void* block, size_t size) {
  if (block == NULL) return allocate(size, __builtin_return_address(0));
  if (size == 0) {
    free(block);
    return NULL;
  }
  const bool ours = left(block);
  void* moved = __libc_realloc(block, with_mark(size, ours));
  // One that could not grow is where it was.
  entered(moved == NULL ? block : moved, ours);
  return moved;
}

void* reallocarray(void* block, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return realloc(block, bytes);
}

void* memalign(size_t alignment, size_t size) {
  return allocate_aligned(alignment, size, __builtin_return_address(0));
}

void* aligned_alloc(size_t alignment, size_t size) {
  return allocate_aligned(alignment, size, __builtin_return_address(0));
}

int posix_memalign(void** block, size_t alignment, size_t size) {
  if (alignment % sizeof(void*) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  void* found = allocate_aligned(alignment, size, __builtin_return_address(0));
  if (found == NULL) return ENOMEM;
  *block = found;
  return 0;
}

// C++'s operators: the library's own would call malloc() in the addon's stead. Where memory lacks they are
// called, and throw. Their operator delete calls free().

#define OPERATOR_NEW(symbol)                                              \
  void* symbol(size_t size) {                                             \
    void* block = allocate(size, __builtin_return_address(0));            \
    if (block != NULL) return block;                                      \
    void* (*next)(size_t) = (void* (*)(size_t))dlsym(RTLD_NEXT, #symbol); \
    return next(size);                                                    \
  }
#define OPERATOR_NEW_NOTHROW(symbol)                    \
  void* symbol(size_t size, const void* nothrow) {      \
    (void)nothrow;                                      \
    return allocate(size, __builtin_return_address(0)); \
  }
OPERATOR_NEW(_Znwm)
OPERATOR_NEW(_Znam)
OPERATOR_NEW_NOTHROW(_ZnwmRKSt9nothrow_t)
OPERATOR_NEW_NOTHROW(_ZnamRKSt9nothrow_t)

static int note_module(struct dl_phdr_info* info, size_t size, void* count) {
  (void)size;
  const char* slash = strrchr(info->dlpi_name, '/');
  const char* name = slash == NULL ? info->dlpi_name : slash + 1;
  int* next = count;
  if (strcmp(name, "ipvs.node") != 0 && strncmp(name, "libnl-", 6) != 0) return 0;
  for (int i = 0; i < info->dlpi_phnum && *next < MOST_MODULES; i++) {
    const ElfW(Phdr)* segment = &info->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0) continue;
    modules[*next].begin = info->dlpi_addr + segment->p_vaddr;
    modules[*next].end = modules[*next].begin + segment->p_memsz;
    (*next)++;
  }
  return 0;
}

/// Once the addon is there its code is looked for; the main thread loads it first, before any worker does.
void* dlopen(const char* file, int flags) {
  void* (*next)(const char*, int) = (void* (*)(const char*, int))dlsym(RTLD_NEXT, "dlopen");
  void* handle = next(file, flags);
  if (handle != NULL && __atomic_load_n(&module_count, __ATOMIC_ACQUIRE) == 0) {
    int found = 0;
    dl_iterate_phdr(note_module, &found);
    __atomic_store_n(&module_count, found, __ATOMIC_RELEASE);
  }
  return handle;
}

__attribute__((constructor)) static void begin(void) {
  const int fd = memfd_create("counting-malloc", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, sizeof(struct shared)) < 0) abort();
  void* mapped = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) abort();
  *(struct shared*)mapped = before_main;
  shared = mapped;
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  setenv("IPVS_COUNTING_MALLOC", path, 1);
  const char* every = getenv("IPVS_LEAK_EVERY");
  if (every != NULL) leak_every = strtoull(every, NULL, 10);
  // Programs that this one starts count nothing.
  unsetenv("LD_PRELOAD");
}

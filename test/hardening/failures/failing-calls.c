// A library to preload (LD_PRELOAD): one call of one function of the C library fails, when the addon or a
// thread of the addon's makes it. The file that $IPVS_FAILING_CALLS names is mapped; control.ts reads and
// writes it.
//
// Calls count that return into ipvs.node or libnl. Allocations count on the addon's own threads, except those
// that Node.js makes there for itself, while it is handed replies.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

// The order of `functions` in control.ts.
enum {
  SOCKET = 1,
  BIND,
  CONNECT,
  GETSOCKNAME,
  GETSOCKOPT,
  SETSOCKOPT,
  SENDTO,
  RECV,
  SETNS,
  OPEN,
  FDOPENDIR,
  READDIR,
  READ,
  PWRITE,
  FCNTL,
  PTHREAD_CREATE,
  EVENTFD,
  EPOLL_CREATE,
  EPOLL_CTL,
  EPOLL_WAIT,
  MALLOC
};

// Failures besides errnos, as in control.ts.
enum {
  LOST_TOLD = 1000,   // recv: the datagram is lost, and the kernel says so (ENOBUFS)
  LOST = 1001,        // recv: the datagram is lost in silence, unless it has rows of a dump
  SHORT = 1002,       // read: one byte
  LATE = 1003,        // recv: nothing there yet, and the wait that follows succeeds
  WAIT_FAILS = 2000,  // recv: nothing there yet, and poll() fails with the errno that is added to this
};

#define SITES 8192

struct control {
  _Atomic int32_t function;  // whose call fails; 0: none
  _Atomic int32_t nth;       // which of its calls, from 1
  _Atomic int32_t failure;
  _Atomic int32_t failed;  // 1 once it has
  _Atomic int32_t recording;
  _Atomic int32_t counts[64];  // calls so far
  _Atomic int32_t site_count;
  int32_t sites[SITES][3];  // function, its nth call, and a number for the frames that led to it
};

static struct control nothing;
static struct control* control = &nothing;
static const void* node;  // where its program begins
static __thread int of_the_addon __attribute__((tls_model("initial-exec")));
static __thread int inside __attribute__((tls_model("initial-exec")));
static __thread int wait_fails __attribute__((tls_model("initial-exec")));

#define REAL(name)               \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

// Where the program or library begins in memory that an address is in.
static const void* begin_of(const void* address) {
  Dl_info info;
  return dladdr(address, &info) != 0 ? info.dli_fbase : NULL;
}

__attribute__((constructor)) static void map_control(void) {
  const char* const path = getenv("IPVS_FAILING_CALLS");
  if (path == NULL) return;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) abort();
  void* const mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) abort();
  // The first call of backtrace() loads a library.
  void* frame[1];
  backtrace(frame, 1);
  node = begin_of(dlsym(RTLD_DEFAULT, "napi_create_object"));
  control = mapped;
}

static int is_file(const void* address, const char* name) {
  Dl_info info;
  return dladdr(address, &info) != 0 && info.dli_fname != NULL && strstr(info.dli_fname, name) != NULL;
}

static int is_ours(const void* address) {
  return is_file(address, "ipvs.node") || is_file(address, "libnl");
}

// The frames of a call as a number, without those of this library; 0 where Node.js is among them.
static int32_t site_of(void) {
  void* frames[24];
  const int count = backtrace(frames, 24);
  uint32_t hash = 2166136261U;
  for (int i = 2; i < count; ++i) {
    if (of_the_addon && begin_of(frames[i]) == node) return 0;
    hash = (hash ^ (uint32_t)(uintptr_t)frames[i]) * 16777619U;
  }
  return (int32_t)(hash | 1U);
}

// Counts a call. Returns the failure that it is to have, or 0.
static int failure_of(int function) {
  if (control == &nothing || inside) return 0;
  if (!control->recording && control->function != function) return 0;
  const int before = errno;
  inside = 1;
  const int32_t site = site_of();
  inside = 0;
  errno = before;
  if (site == 0) return 0;
  const int32_t nth = ++control->counts[function];
  if (control->recording) {
    const int32_t at = control->site_count++;
    if (at < SITES) {
      control->sites[at][0] = function;
      control->sites[at][1] = nth;
      control->sites[at][2] = site;
    }
  }
  if (control->function != function || control->nth != nth) return 0;
  control->failed = 1;
  return control->failure;
}

// Sets errno to the failure. Returns whether there is one.
static int fails(int function, const void* caller) {
  if (!is_ours(caller)) return 0;
  const int failure = failure_of(function);
  if (failure != 0) errno = failure;
  return failure != 0;
}

#define FAILS(function) fails(function, __builtin_return_address(0))

int socket(int domain, int type, int protocol) {
  REAL(socket);
  return FAILS(SOCKET) ? -1 : real(domain, type, protocol);
}

int bind(int fd, const struct sockaddr* address, socklen_t length) {
  REAL(bind);
  return FAILS(BIND) ? -1 : real(fd, address, length);
}

int connect(int fd, const struct sockaddr* address, socklen_t length) {
  REAL(connect);
  return FAILS(CONNECT) ? -1 : real(fd, address, length);
}

int getsockname(int fd, struct sockaddr* address, socklen_t* length) {
  REAL(getsockname);
  return FAILS(GETSOCKNAME) ? -1 : real(fd, address, length);
}

int getsockopt(int fd, int level, int name, void* value, socklen_t* length) {
  REAL(getsockopt);
  return FAILS(GETSOCKOPT) ? -1 : real(fd, level, name, value, length);
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t length) {
  REAL(setsockopt);
  return FAILS(SETSOCKOPT) ? -1 : real(fd, level, name, value, length);
}

ssize_t sendto(int fd, const void* data, size_t size, int flags, const struct sockaddr* to,
               socklen_t length) {
  REAL(sendto);
  return FAILS(SENDTO) ? -1 : real(fd, data, size, flags, to, length);
}

// Whether a datagram has rows of a dump. The kernel loses none: netlink_dump() (net/netlink/af_netlink.c)
// waits until the socket has room. Nobody could notice if it did, as no message tells how many rows there
// are.
static int has_rows(const void* data, ssize_t size) {
  const struct nlmsghdr* const first = data;
  return size >= (ssize_t)sizeof *first && (first->nlmsg_flags & NLM_F_MULTI) != 0 &&
         first->nlmsg_type != NLMSG_DONE;
}

ssize_t recv(int fd, void* data, size_t size, int flags) {
  REAL(recv);
  if (!FAILS(RECV)) return real(fd, data, size, flags);
  const int failure = errno;
  if (failure == LOST_TOLD || failure == LOST) {
    const ssize_t lost = real(fd, data, size, flags);
    if (failure == LOST && has_rows(data, lost)) {
      control->failed = 0;
      return lost;
    }
    errno = failure == LOST ? EAGAIN : ENOBUFS;
    if (lost < 0 && failure == LOST_TOLD) errno = EAGAIN;  // there was none to lose
  } else if (failure == LATE || failure >= WAIT_FAILS) {
    wait_fails = failure;
    errno = EAGAIN;
  }
  return -1;
}

int poll(struct pollfd* fds, nfds_t count, int timeout) {
  REAL(poll);
  const int failure = wait_fails;
  wait_fails = 0;
  if (failure <= WAIT_FAILS) return real(fds, count, timeout);
  errno = failure - WAIT_FAILS;
  return -1;
}

int setns(int fd, int kind) {
  REAL(setns);
  return FAILS(SETNS) ? -1 : real(fd, kind);
}

int open64(const char* path, int flags, ...) {
  REAL(open64);
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return FAILS(OPEN) ? -1 : real(path, flags, mode);
}

DIR* fdopendir(int fd) {
  REAL(fdopendir);
  return FAILS(FDOPENDIR) ? NULL : real(fd);
}

struct dirent64* readdir64(DIR* directory) {
  REAL(readdir64);
  return FAILS(READDIR) ? NULL : real(directory);
}

ssize_t read(int fd, void* data, size_t size) {
  REAL(read);
  if (!FAILS(READ)) return real(fd, data, size);
  return errno == SHORT ? real(fd, data, size < 8 ? size : 1) : -1;
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  REAL(pwrite64);
  return FAILS(PWRITE) ? -1 : real(fd, data, size, offset);
}

int fcntl64(int fd, int command, ...) {
  REAL(fcntl64);
  va_list rest;
  va_start(rest, command);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  return FAILS(FCNTL) ? -1 : real(fd, command, argument);
}

int eventfd(unsigned count, int flags) {
  REAL(eventfd);
  return FAILS(EVENTFD) ? -1 : real(count, flags);
}

int epoll_create1(int flags) {
  REAL(epoll_create1);
  return FAILS(EPOLL_CREATE) ? -1 : real(flags);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
  REAL(epoll_ctl);
  return FAILS(EPOLL_CTL) ? -1 : real(epoll, operation, fd, event);
}

int epoll_wait(int epoll, struct epoll_event* events, int size, int timeout) {
  REAL(epoll_wait);
  return FAILS(EPOLL_WAIT) ? -1 : real(epoll, events, size, timeout);
}

struct body {
  void* (*run)(void*);
  void* argument;
};

static void* run_as_the_addon(void* data) {
  const struct body body = *(struct body*)data;
  free(data);
  of_the_addon = 1;
  return body.run(body.argument);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  REAL(pthread_create);
  const void* const caller = __builtin_return_address(0);
  if (!is_ours(caller)) return real(thread, attributes, run, argument);
  if (fails(PTHREAD_CREATE, caller)) return errno;
  inside = 1;
  struct body* const body = malloc(sizeof *body);
  body->run = run;
  body->argument = argument;
  const int error = real(thread, attributes, run_as_the_addon, body);
  inside = 0;
  return error;
}

extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);

static int no_memory(void) {
  if (!of_the_addon || failure_of(MALLOC) == 0) return 0;
  errno = ENOMEM;
  return 1;
}

void* malloc(size_t size) {
  return no_memory() ? NULL : __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  return no_memory() ? NULL : __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  return no_memory() ? NULL : __libc_realloc(memory, size);
}

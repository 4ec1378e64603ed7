// A stopwatch: runs a program from its start to its end, throws away its output, and prints time and memory.
//
// usage: stopwatch PROGRAM [ARGUMENT...], prints: WALL CPU PEAK STATUS, in nanoseconds and KiB.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(struct timespec time) {
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long of_usage(struct timeval time) {
  return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  const pid_t child = vfork();
  if (child == 0) {
    const int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDOUT_FILENO);
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  int status = 0;
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
    perror("stopwatch");
    return 1;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  const long long cpu = of_usage(usage.ru_utime) + of_usage(usage.ru_stime);
  printf("%lld %lld %ld %d\n", nanoseconds(end) - nanoseconds(start), cpu, usage.ru_maxrss,
         WIFEXITED(status) ? WEXITSTATUS(status) : 128);
  return 0;
}

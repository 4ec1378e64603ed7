// Functions of the C library that a test can make fail. These definitions take precedence over the library's.
#pragma once

#include <utility>

// The errno that this thread's next readdir() at the end of a directory fails with, once.
extern thread_local int failing_readdir;
// The errno that this thread's pthread_create() fails with; 0: it succeeds.
extern thread_local int failing_pthread_create;
// Which of this thread's next allocations by `new` fails, once, counted from 1; 0: none.
extern thread_local int failing_new;

// While it lives, allocations do not fail: they are the test's own.
class Unfailing {
 public:
  Unfailing() : held_(std::exchange(failing_new, 0)) {}
  ~Unfailing() { failing_new = held_; }
  Unfailing(const Unfailing&) = delete;
  Unfailing& operator=(const Unfailing&) = delete;
  Unfailing(Unfailing&&) = delete;
  Unfailing& operator=(Unfailing&&) = delete;

 private:
  int held_;
};

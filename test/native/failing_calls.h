// System calls of the C library that a test makes fail: what it defines here stands before the library's own.
#pragma once

// The next readdir() of this thread that ends a directory ends it with this errno instead, once.
extern thread_local int failing_readdir;
// pthread_create() of this thread fails with this errno while it is not 0.
extern thread_local int failing_pthread_create;

// Functions of the C library that a test can make fail. These definitions take precedence over the library's.
#pragma once

// The errno that this thread's next readdir() at the end of a directory fails with, once.
extern thread_local int failing_readdir;
// The errno that this thread's pthread_create() fails with; 0: it succeeds.
extern thread_local int failing_pthread_create;

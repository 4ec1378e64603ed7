// What libnl's ./configure finds out and writes to defs.h: both C libraries have strerror_l() and threads.
#pragma once

#define HAVE_STRERROR_L 1

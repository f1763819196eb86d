#pragma once
#include <time.h>

namespace flynn::bench {

/// Seconds of CLOCK_MONOTONIC_RAW, which no time service speeds up or slows down.
inline double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC_RAW, &t);
  return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

}  // namespace flynn::bench

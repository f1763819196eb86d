#pragma once
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <limits>

#include <flynn/status.hpp>

namespace flynn {

/// What a kernel did with its time and with the bus; a backend whose devices or processes have memory of their own adds
/// to it.
struct Clocks {
  double transfer_seconds = 0;    ///< moving data there and back
  double device_seconds = 0;      ///< kernels, by the clock of the device
  std::uint64_t bytes_moved = 0;  ///< there and back
  std::size_t parts = 1;          ///< in which a device did what it had no memory for as a whole
};

inline constexpr std::int64_t no_deadline = std::numeric_limits<std::int64_t>::max();

/// What a kernel may use while it runs. Plain data and function pointers, so that it can be handed to a module.
struct Execution {
  unsigned threads = 1;  ///< how many threads this call may keep busy
  int device = -1;       ///< which device of the backend; -1: the best one
  Text* text = nullptr;  ///< where the words of a failure go
  Clocks* clocks = nullptr;
  std::int64_t deadline = no_deadline;                  ///< CLOCK_MONOTONIC, nanoseconds
  bool (*stop_requested)(const void* state) = nullptr;  ///< may be null: nobody can stop this call
  const void* stop_state = nullptr;
  /// At least `bytes` of 64-byte aligned memory that belongs to this thread until it asks again; null when there is
  /// none.
  void* (*scratch)(std::size_t bytes) = nullptr;
  /// The data of the whole call exceeds the last cache level: stores of whole lines should go past the caches.
  bool bypass_caches = false;
  /// The caches and the memory of this CPU give more to several streams at a time, and when they are asked ahead, than
  /// to one that goes straight on.
  bool many_streams = false;
  /// What this thread reads next is most likely so many bytes further on; 0: nobody knows.
  std::size_t read_ahead = 0;
  void* pool = nullptr;  ///< the host's pool for this backend; nothing that a kernel uses
  /// A backend that works on copies sets it until it writes to the memory of the call.
  bool outputs_kept = false;
};

/// Whether a loop should read several places of memory in turn.
FLYNN_ALWAYS_INLINE bool reads_in_turn(const Execution& execution) {
  return execution.bypass_caches && execution.many_streams;
}

/// Nanoseconds of CLOCK_MONOTONIC.
FLYNN_ALWAYS_INLINE std::int64_t monotonic_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return std::int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

/// Not ok when the call was cancelled or its deadline passed. Kernels ask at least every 10 ms; it costs a few
/// nanoseconds when nobody can stop the call.
FLYNN_ALWAYS_INLINE Status poll(const Execution& execution) {
  if (execution.stop_requested && execution.stop_requested(execution.stop_state)) return {Code::cancelled};
  if (execution.deadline != no_deadline && monotonic_ns() >= execution.deadline) return {Code::deadline_exceeded};
  return {};
}

/// Calls f(begin, end) for consecutive chunks of [0, n) and polls before each: 2^18 elements take at most 10 ms.
template <class F>
FLYNN_ALWAYS_INLINE Status in_chunks(std::size_t n, const Execution& execution, F f) {
  constexpr std::size_t chunk = std::size_t{1} << 18;
  for (std::size_t begin = 0; begin < n; begin += chunk) {
    if (Status s = poll(execution); !s.ok()) return s;
    f(begin, n - begin < chunk ? n : begin + chunk);
  }
  return {};
}

}  // namespace flynn

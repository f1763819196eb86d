#pragma once
#include <pthread.h>

#include <algorithm>
#include <cstdint>

#include <flynn/execution.hpp>
#include <host/pools/bell.hpp>

namespace flynn::mp {

/// How an attempt to get a lock ended. `after_death`: it is held, but who had it before has ended with it, so what it
/// guards may be half changed. That is told once. `mine`: this thread has it already, and it cannot be had twice.
enum class Got { no, yes, after_death, mine };

/// How often those who wait look whether somebody has died.
inline constexpr std::int64_t look_ns = 50'000'000;

/// A lock in shared memory that the kernel takes from threads which end. Zeroed memory is none: init() first.
class RobustMutex {
 public:
  enum class Kind { plain, recursive };
  void init(Kind kind = Kind::plain);
  /// Waits until then at most (monotonic nanoseconds).
  Got lock(std::int64_t deadline);
  Got try_lock();
  /// False when this thread does not have it.
  bool unlock() { return pthread_mutex_unlock(&mutex_) == 0; }

 private:
  pthread_mutex_t mutex_;
};

/// Holds it while it lives. `repair` is called when who had it before has died with it; no waiting is limited, since
/// such a lock is held for some instructions only.
class RobustGuard {
 public:
  template <class Repair>
  RobustGuard(RobustMutex& mutex, Repair repair);
  ~RobustGuard() { mutex_.unlock(); }
  RobustGuard(const RobustGuard&) = delete;

 private:
  RobustMutex& mutex_;
};

template <class Repair>
RobustGuard::RobustGuard(RobustMutex& mutex, Repair repair) : mutex_(mutex) {
  if (mutex.lock(no_deadline) == Got::after_death) repair();
}

/// Waits until `holds()`, or the deadline; says which. Whoever makes it hold rings the bell. `look()` is called every
/// `look_ns`, to find what was left by those who died, who ring no bell.
template <class Holds, class Look>
bool wait_for_bell(Bell& bell, std::int64_t deadline, Holds holds, Look look) {
  for (std::int64_t next_look = 0;;) {
    const std::uint32_t seen = bell.now();
    if (holds()) return true;
    const std::int64_t now = monotonic_ns();
    if (now >= deadline) return false;
    if (next_look == 0) next_look = now + look_ns;
    if (now >= next_look) {
      look();
      next_look = now + look_ns;
      continue;
    }
    bell.wait(seen, std::min(deadline, next_look) - now);
  }
}

}  // namespace flynn::mp

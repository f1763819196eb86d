#include <time.h>

#include <cerrno>
#include <host/mp/robust_mutex.hpp>
#include <host/pools/protection.hpp>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace flynn::mp {
namespace {

timespec after(std::int64_t nanoseconds) {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  const std::int64_t end = time.tv_nsec + nanoseconds;
  return {time.tv_sec + time_t(end / 1'000'000'000), long(end % 1'000'000'000)};
}

int lock_until(pthread_mutex_t& mutex, const timespec& end) {
#if defined(__SANITIZE_THREAD__)  // that of GCC 12 does not know the function
  __tsan_mutex_pre_lock(&mutex, __tsan_mutex_try_lock);
#endif
  const int error = pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &end);
#if defined(__SANITIZE_THREAD__)
  const bool is_locked = error == 0 || error == EOWNERDEAD;
  __tsan_mutex_post_lock(&mutex, __tsan_mutex_try_lock | (is_locked ? 0 : __tsan_mutex_try_lock_failed), 0);
#endif
  return error;
}

}  // namespace

void RobustMutex::init(Kind kind) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  if (protects("robust")) pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_settype(&attributes, kind == Kind::recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(&mutex_, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

Got RobustMutex::try_lock() {
  switch (pthread_mutex_trylock(&mutex_)) {
    case 0:
      return Got::yes;
    case EOWNERDEAD:
      pthread_mutex_consistent(&mutex_);
      return Got::after_death;
    default:
      return Got::no;
  }
}

Got RobustMutex::lock(std::int64_t deadline) {
  for (;;) {
    if (const Got got = try_lock(); got != Got::no) return got;
    const std::int64_t now = monotonic_ns();
    if (now >= deadline) return Got::no;
    // The kernel wakes one waiter when an owner dies. If that is killed before it has the lock, nobody is woken: so
    // each tries by itself now and then.
    const timespec until = after(std::min(deadline - now, look_ns));
    const int error = lock_until(mutex_, until);
    if (error == 0) return Got::yes;
    if (error == EOWNERDEAD) {
      pthread_mutex_consistent(&mutex_);
      return Got::after_death;
    }
    if (error == EDEADLK) return Got::mine;
  }
}

}  // namespace flynn::mp

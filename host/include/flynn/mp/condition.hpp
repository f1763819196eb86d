#pragma once
#include <flynn/mp/lock.hpp>

namespace flynn::mp {

/// Waiting for something that is guarded by a lock to change. All of it is called by a thread that has the lock; else
/// it throws Error(invalid_argument). A copy is the same condition. Who is killed while it waits takes no notification
/// away from the others.
///
/// At most 128 threads may wait at a time. O(n) of n that wait.
class FLYNN_API Condition {
 public:
  /// With a lock of its own, or one that other conditions have too. Throws as SharedMemory does.
  Condition() : Condition(RLock()) {}
  explicit Condition(const BasicLock& lock);

  /// Releases the lock, waits until it is notified, at most so long, and acquires the lock again, as often as it was
  /// acquired. Says whether it was notified; now and then it returns true without that, so ask again what you wait
  /// for. Throws OwnerDead as acquire() does; here the lock is held after it.
  bool wait(Duration timeout = forever) const;
  /// Waits until predicate() holds, which is called with the lock held; says whether it does.
  template <class Predicate>
  bool wait_for(Predicate predicate, Duration timeout = forever) const;
  /// Wakes those that have waited longest.
  void notify(unsigned waiters = 1) const;
  void notify_all() const { notify(~0u); }

  bool acquire(Duration timeout = forever) const { return lock_.acquire(timeout); }
  void release() const { lock_.release(); }
  void lock() const { lock_.lock(); }
  bool try_lock() const { return lock_.try_lock(); }
  void unlock() const { lock_.unlock(); }

  void save(Writer& out) const;
  void load(Reader& in);

 private:
  void must_be_mine() const;

  BasicLock lock_;
  detail::SharedBlock block_;
};

template <class Predicate>
bool Condition::wait_for(Predicate predicate, Duration timeout) const {
  const std::int64_t deadline = detail::deadline_after(timeout);
  while (!predicate())
    if (!wait(detail::time_until(deadline))) return predicate();
  return true;
}

}  // namespace flynn::mp

#pragma once
#include <utility>

#include <flynn/mp/shared.hpp>
#include <flynn/mp/state.hpp>

namespace flynn::mp {

/// Who had a lock ended without giving it back: it crashed, was killed, or its thread returned. What the lock guards
/// may be half changed. Told once, to the one who acquires it next; from then on it is a lock like any other.
class FLYNN_API OwnerDead : public Error {
 public:
  OwnerDead();
};

/// What Lock and RLock have in common. A copy is the same lock, and so is what another process or thread is given as an
/// argument. All of it may be called by several threads; O(1), no system call while nobody else wants the lock.
///
/// std::lock_guard, std::unique_lock and std::scoped_lock take it. Whoever ends with it, however that is, loses it.
class FLYNN_API BasicLock {
 public:
  /// Waits for it, at most so long, and says whether this thread has it now. Throws OwnerDead when the last owner ended
  /// with it, and Error(invalid_argument) when this thread has a Lock already; after an exception it does not have it
  /// (or, RLock, no more than before).
  bool acquire(Duration timeout = forever) const;
  /// The same for those who can repair what the lock guards: when the last owner ended with it, calls repair() with the
  /// lock held, and throws nothing. What repair() throws gives the lock back.
  template <class Repair>
  bool acquire(Duration timeout, Repair repair) const;
  /// Throws Error(invalid_argument) when this thread does not have it.
  void release() const;
  /// Whether anybody has it, or ended with it and nobody acquired it since. A moment later it may be otherwise.
  bool locked() const;

  void lock() const { acquire(); }
  bool try_lock() const { return acquire(Duration(0)); }
  void unlock() const { release(); }

  BasicLock(const BasicLock&) = default;
  BasicLock& operator=(BasicLock) noexcept;
  ~BasicLock();

  void save(Writer& out) const { block_.save(out); }
  void load(Reader& in) { block_.load(in); }

 protected:
  explicit BasicLock(bool is_recursive);

 private:
  friend class Condition;
  enum class Taken { no, yes, after_death };
  Taken take(Duration timeout) const;
  bool is_mine() const;
  /// How often it had been acquired.
  unsigned release_all() const;
  /// Says whether the last owner ended with it.
  bool take_again(unsigned times) const;

  detail::SharedBlock block_;
};

/// One thread of one process at a time has it, and only that one can release it.
///
///     mp::Lock lock;
///     pool.map(...)  // with the lock as an argument; in the function:
///     const std::lock_guard guard(lock);
class Lock : public BasicLock {
 public:
  /// Throws as SharedMemory does.
  Lock() : BasicLock(false) {}
};

/// The same, and its owner may acquire it again; it is free after as many calls of release().
class RLock : public BasicLock {
 public:
  /// Throws as SharedMemory does.
  RLock() : BasicLock(true) {}
};

template <class Repair>
bool BasicLock::acquire(Duration timeout, Repair repair) const {
  const Taken taken = take(timeout);
  if (taken == Taken::after_death) try {
      repair();
    } catch (...) {
      release();
      throw;
    }
  return taken != Taken::no;
}

}  // namespace flynn::mp

#pragma once
#include <flynn/mp/shared.hpp>
#include <flynn/mp/state.hpp>

namespace flynn::mp {

/// A number of permits that threads and processes acquire and release. It knows which process has how many: those of a
/// process that ends come back within 0.1 s. A copy is the same semaphore. std::lock_guard and its relatives take it.
///
/// At most 128 processes may have permits at a time. O(n) of n processes that have some; no system call while there are
/// permits.
class FLYNN_API Semaphore {
 public:
  /// Throws as SharedMemory does.
  explicit Semaphore(unsigned value = 1) : Semaphore(value, false) {}
  /// Waits for a permit, at most so long; says whether it has one now. Throws Error(resource_exhausted) when 128 other
  /// processes have some.
  bool acquire(Duration timeout = forever) const;
  /// Gives back what this process has. If it has none, a permit of the process that has had one longest counts as given
  /// back; if nobody has any, there is one more than before.
  void release(unsigned permits = 1) const;
  /// How many are free.
  unsigned get_value() const;
  bool locked() const { return get_value() == 0; }

  void lock() const { acquire(); }
  bool try_lock() const { return acquire(Duration(0)); }
  void unlock() const { release(); }

  void save(Writer& out) const { block_.save(out); }
  void load(Reader& in) { block_.load(in); }

 protected:
  Semaphore(unsigned value, bool is_bounded);

 private:
  void take_from_the_dead() const;

  detail::SharedBlock block_;
};

/// The same, and release() throws Error(invalid_argument) when there would be more permits than at first.
class BoundedSemaphore : public Semaphore {
 public:
  explicit BoundedSemaphore(unsigned value = 1) : Semaphore(value, true) {}
};

}  // namespace flynn::mp

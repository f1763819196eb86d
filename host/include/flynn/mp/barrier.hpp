#pragma once
#include <memory>

#include <flynn/mp/shared.hpp>
#include <flynn/mp/state.hpp>

namespace flynn::mp {

/// Not all parties will come to a Barrier; the text says why.
class FLYNN_API BrokenBarrier : public Error {
 public:
  using Error::Error;
};

/// Where a number of parties, threads or processes, wait for each other, again and again. A copy is the same barrier.
///
/// A process that ends while it has a copy, waiting or not, is a party that will not come: those who wait get
/// BrokenBarrier within 0.1 s. O(n) of n parties, at most 128.
class FLYNN_API Barrier {
 public:
  /// Throws Error(invalid_argument) for 0 parties or more than 128; and as SharedMemory does.
  explicit Barrier(unsigned parties = 1);
  /// Waits until all parties have come. Each gets another number from 0 on, in the order of coming. Throws
  /// BrokenBarrier when it is broken, or becomes so; whoever has waited so long in vain breaks it.
  unsigned wait(Duration timeout = forever) const;
  /// Breaks it: for all that wait, and come, until reset().
  void abort() const;
  /// As new. For those who wait it breaks.
  void reset() const;
  unsigned parties() const;
  unsigned n_waiting() const;
  bool broken() const;

  void save(Writer& out) const { block_.save(out); }
  void load(Reader& in);

 private:
  class Membership;
  detail::SharedBlock block_;
  std::shared_ptr<Membership> membership_;
};

}  // namespace flynn::mp

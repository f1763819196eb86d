#pragma once
#include <atomic>

namespace flynn {

/// The cores that a process may keep busy, and how many its calls have taken: threads of the pools, worker processes
/// and OpenCL devices that are CPUs (docs/adr/0026-one-budget.md). Any thread may use it; nobody ever waits.
class Cores {
 public:
  constexpr explicit Cores(unsigned count) : count_(count) {}
  Cores(const Cores&) = delete;

  /// Takes up to `most` of those that are left, but one in any case: whoever asks is at work already.
  unsigned take(unsigned most);
  /// Takes one if one is left.
  bool take_one();
  void give_back(unsigned count) { taken_.fetch_sub(count, std::memory_order_relaxed); }

  /// More are taken than there are: a call came when all were. Who has several then gives some back.
  bool are_short() const { return taken_.load(std::memory_order_relaxed) > count_.load(std::memory_order_relaxed); }
  unsigned taken() const { return taken_.load(std::memory_order_relaxed); }

  /// From now on there are so many.
  void resize(unsigned count) { count_.store(count, std::memory_order_relaxed); }
  /// In a forked child: the calls that had some are not there.
  void forget() { taken_.store(0, std::memory_order_relaxed); }

 private:
  alignas(64) std::atomic<unsigned> taken_{0};
  std::atomic<unsigned> count_;
};

/// Those of this process: as many as detect::budget() gave to the context that was made last.
Cores& process_cores();

/// Some cores for as long as it lives.
class CoreLease {
 public:
  /// Up to `most`, at least one; none for 0, and all that is asked for without `cores`.
  CoreLease(Cores* cores, unsigned most)
      : cores_(most > 0 ? cores : nullptr), count_(cores_ ? cores_->take(most) : most) {}
  ~CoreLease() {
    if (cores_) cores_->give_back(count_);
  }
  CoreLease(const CoreLease&) = delete;

  unsigned count() const { return count_; }
  /// Gives one back when they are short, or takes one more, up to `most`, when there is one. At least one stays.
  void adapt(unsigned most);

 private:
  Cores* const cores_;
  unsigned count_;
};

}  // namespace flynn

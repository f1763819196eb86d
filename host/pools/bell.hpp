#pragma once
#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdint>

#include <host/pools/spin.hpp>

namespace flynn {

/// A word in shared memory that moves when something has happened, for those who wait for that in any process. It holds
/// nothing that a process which dies could keep.
struct Bell {
  std::atomic<std::uint32_t> count;
  std::atomic<std::uint32_t> sleepers;  ///< who waits in the kernel (a hint: it may be too large)

  std::uint32_t now() const { return count.load(std::memory_order_seq_cst); }

  /// Wakes at most so many of the sleepers; those that spin see it anyway.
  void ring(int most = INT_MAX) {
    count.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers.load(std::memory_order_seq_cst) > 0) futex_wake(count, most, Waiters::all_processes);
  }

  /// Returns when it has been rung since it showed `seen`, or after `limit_ns` when that is not 0, or without a reason.
  /// Spins for `spin` nanoseconds before it sleeps.
  void wait(std::uint32_t seen, std::int64_t limit_ns = 0, std::int64_t spin = spin_ns) {
    auto moved = [&] { return now() != seen; };
    if (spin > 0 && spin_until(limit_ns > 0 ? std::min(spin, limit_ns) : spin, moved)) return;
    sleepers.fetch_add(1, std::memory_order_seq_cst);
    if (!moved()) futex_wait(count, seen, Waiters::all_processes, limit_ns);
    sleepers.fetch_sub(1, std::memory_order_relaxed);
  }
};

}  // namespace flynn

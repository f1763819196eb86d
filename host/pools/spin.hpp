#pragma once
#include <cstdint>

#include <flynn/execution.hpp>
#include <host/pools/futex.hpp>

namespace flynn {

/// How long workers of a pool wait without sleeping: longer than the gap between two calls of a loop, shorter than
/// anybody's idea of idle.
inline constexpr std::int64_t spin_ns = 50'000;

/// Waits until `done` holds, at most `limit_ns`; reads the clock every 64th turn only.
template <class Condition>
bool spin_until(std::int64_t limit_ns, Condition done) {
  const std::int64_t end = monotonic_ns() + limit_ns;
  for (unsigned turn = 1; !done(); ++turn) {
    if (turn % 64 == 0 && monotonic_ns() >= end) return false;
    cpu_relax();
  }
  return true;
}

}  // namespace flynn

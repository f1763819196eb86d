#include <algorithm>

#include <host/choose/prior.hpp>

namespace flynn {
namespace {

// One core, data in its L2 cache; numbers factorised are those of benchmarks below 1e8.
constexpr double byte_seconds = 1 / 50e9, flop_seconds = 1 / 100e9, item_seconds = 1 / 30e6;
/// What vectors of eight give a loop from the cache; factorize has 16 lanes.
constexpr double lanes = 8;
/// Of a call, of a job for threads that are awake or soon will be, of one for processes.
constexpr double call_seconds = 50e-9, threads_seconds = 6e-6, processes_seconds = 60e-6;
constexpr double copied_byte_seconds = 1 / 5e9;

double simd_seconds(const Cost& cost) {
  return std::max({cost.bytes * byte_seconds, cost.flops * flop_seconds, cost.items * item_seconds});
}

}  // namespace

double static_prior(FlynnClass kind, const Cost& cost, unsigned threads) {
  const double one = simd_seconds(cost), many = one / std::max(threads, 1u);
  switch (kind) {
    case FlynnClass::sisd:
      return call_seconds + lanes * one;
    case FlynnClass::simd:
      return call_seconds + one;
    case FlynnClass::mimd_threads:
      return threads_seconds + many;
    case FlynnClass::mimd_processes:
      return processes_seconds + many + cost.bytes * copied_byte_seconds;
    default:
      return 0;
  }
}

}  // namespace flynn

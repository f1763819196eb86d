#include <algorithm>

#include <host/choose/prior.hpp>

namespace flynn {

PriorChoice static_prior(const Cost& cost, unsigned threads) {
  // What one core of the last ten years surely does from its L2 cache, and the price of waking a thread that sleeps.
  constexpr double bytes_per_second = 50e9, flops_per_second = 20e9, wake_up_seconds = 10e-6;
  const double seconds = std::max(cost.bytes / bytes_per_second, cost.flops / flops_per_second);
  if (threads < 2 || seconds < 2 * wake_up_seconds) return {"simd", Reason::small};
  return {"threads", Reason::large};
}

}  // namespace flynn

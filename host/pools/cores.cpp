#include <algorithm>

#include <host/pools/cores.hpp>

namespace flynn {

unsigned Cores::take(unsigned most) {
  unsigned taken = taken_.load(std::memory_order_relaxed), wanted;
  do {
    const unsigned count = count_.load(std::memory_order_relaxed), left = count > taken ? count - taken : 0;
    wanted = std::clamp(left, 1u, most);
  } while (!taken_.compare_exchange_weak(taken, taken + wanted, std::memory_order_relaxed));
  return wanted;
}

bool Cores::take_one() {
  unsigned taken = taken_.load(std::memory_order_relaxed);
  do {
    if (taken >= count_.load(std::memory_order_relaxed)) return false;
  } while (!taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed));
  return true;
}

Cores& process_cores() {
  static constinit Cores cores(1);  // a forked child must not wait for its making
  return cores;
}

void CoreLease::adapt(unsigned most) {
  if (!cores_) return;
  if (count_ > 1 && cores_->are_short()) {
    cores_->give_back(1);
    --count_;
  } else if (count_ < most && cores_->take_one()) {
    ++count_;
  }
}

}  // namespace flynn

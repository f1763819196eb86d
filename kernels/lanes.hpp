#pragma once
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace flynn::kernels {

/// The lanes of a device that no call uses. A lane is what a call works with and leaves for the next one.
template <class Lane>
class Lanes {
 public:
  /// Null when there is none.
  std::unique_ptr<Lane> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    std::unique_ptr<Lane> lane = std::move(idle_.back());
    idle_.pop_back();
    return lane;
  }
  void give_back(std::unique_ptr<Lane> lane) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(lane));
  }
  void forget_idle() {
    const std::lock_guard lock(mutex_);
    idle_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Lane>> idle_;
};

}  // namespace flynn::kernels

#pragma once
#include <atomic>
#include <mutex>

#include <kernels/failure.hpp>

namespace flynn::kernels {

/// Whether a device is lost for this process, and by what. Thread-safe.
class Loss {
 public:
  /// Of several failures the first one counts.
  void report(const Failure& failure) {
    const std::lock_guard lock(mutex_);
    if (!is_lost_.load(std::memory_order_relaxed)) std::snprintf(text_, sizeof text_, "%s", failure.what());
    is_lost_.store(true, std::memory_order_release);
  }
  /// Throws when it is lost, before the driver is asked for anything: some hang then. `name` is the device's.
  void check(const char* name) const {
    if (is_lost_.load(std::memory_order_acquire))
      throw Failure(Code::device_failed, "%s is lost for this process: %s", name, text_);
  }

 private:
  std::atomic<bool> is_lost_{false};
  std::mutex mutex_;
  char text_[sizeof Text::message] = "";
};

}  // namespace flynn::kernels

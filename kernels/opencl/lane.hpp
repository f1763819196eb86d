#pragma once
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <kernels/opencl/check.hpp>
#include <kernels/piece.hpp>
#include <kernels/texts.hpp>

namespace flynn::opencl {

/// What a call works with, kept for the next one: a command queue, kernel objects, whose arguments belong to one
/// thread, and room for its lists, so that a call on resident data allocates nothing.
struct Lane {
  struct Placed {
    kernels::Piece piece;
    cl_mem memory;
    bool borrowed;  ///< the device works in the caller's memory
    bool filled;    ///< holds the caller's values
    bool written;
  };

  explicit Lane(CommandQueue made) : queue(std::move(made)) {}

  CommandQueue queue;
  std::vector<std::pair<kernels::Entry, Kernel>> kernels;
  // Of one call.
  std::vector<Memory> memories;
  std::vector<Placed> placed;
  std::vector<Event> launches, transfers;

  void forget_call() {
    memories.clear();
    placed.clear();
    launches.clear();
    transfers.clear();
  }
};

/// The lanes of a device that no call uses.
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

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Lane>> idle_;
};

}  // namespace flynn::opencl

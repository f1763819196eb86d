#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <flynn/backend.hpp>
#include <kernels/cuda/check.hpp>
#include <kernels/cuda/lane.hpp>
#include <kernels/lanes.hpp>
#include <kernels/loss.hpp>
#include <kernels/texts.hpp>

namespace flynn::cuda {

inline constexpr const char* name = "cuda";  ///< of the backend

/// A device with its primary context, which it shares with whatever else in the process uses CUDA, and what was loaded
/// into it. Everything may be called from many threads.
class Device {
 public:
  /// With the i-th device of the driver.
  explicit Device(int ordinal);

  const flynn::Device& facts() const { return facts_; }
  CUcontext context() const { return context_; }
  kernels::Lanes<Lane>& lanes() { return lanes_; }
  kernels::Loss& loss() { return loss_; }
  /// Gives up what it keeps for later calls: streams with the handles of cuBLAS, and memory that was freed.
  void free_caches();
  /// Loads the text at the first call. The context must be current.
  CUfunction function(const kernels::Entry& entry);

 private:
  CUmodule module(const kernels::Entry& entry);

  CUdevice id_ = 0;
  flynn::Device facts_;
  CUcontext context_ = nullptr;
  kernels::Lanes<Lane> lanes_;
  kernels::Loss loss_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, CUmodule>
      modules_;  ///< by text and type; loaded until the process ends
};

/// Makes a device's context current for this thread, and the one before again at the end.
class Current {
 public:
  explicit Current(const Device& device) { check(cuCtxPushCurrent(device.context()), "cuCtxPushCurrent"); }
  ~Current() {
    CUcontext context;
    cuCtxPopCurrent(&context);
  }
  Current(const Current&) = delete;
};

/// The devices that gave the known answer to a small kernel, in the driver's order; why there are not more, and what
/// cures it.
struct Inventory {
  std::vector<Device*> devices;
  std::string reason, cure;
};

/// Starts the driver at the first call. Lives until the process ends: the driver is gone before static objects are.
const Inventory& inventory();

/// The device with this index, the first one for -1. Throws Failure with the list of devices when there is none. The
/// threads of a call mean nothing to a GPU.
Device& device_at(int index, unsigned threads);

}  // namespace flynn::cuda

#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <flynn/backend.hpp>
#include <kernels/opencl/check.hpp>
#include <kernels/lanes.hpp>
#include <kernels/loss.hpp>
#include <kernels/opencl/lane.hpp>
#include <kernels/texts.hpp>

namespace flynn::opencl {

inline constexpr const char* name = "opencl";  ///< of the backend

/// What a device has room for.
struct Limits {
  std::size_t group_items;  ///< work-items of a group
  std::size_t local_bytes;  ///< local memory of a group
  std::size_t buffer_bytes;
};

/// A device of a platform with a context of its own and what was built for it. Everything may be called from many
/// threads.
class Device {
 public:
  explicit Device(cl_device_id id);
  /// As if it were what `facts` say, so that tests run on a CPU what a GPU would.
  Device(cl_device_id id, const flynn::Device& facts);
  Device(cl_device_id id, const flynn::Device& facts, const Limits& limits);

  /// A kernel object, which belongs to the caller: setting its arguments is not safe from several threads.
  Kernel kernel(const kernels::Entry& entry);
  /// The same from a text that need not be one of flynn's.
  Kernel kernel(std::string_view text, const kernels::Entry& entry);

  /// How many texts were built so far; the others came from the cache.
  std::size_t builds();

  const flynn::Device& facts() const { return facts_; }
  cl_device_id id() const { return id_; }
  cl_context context() const { return context_.get(); }
  const Limits& limits() const { return limits_; }
  kernels::Lanes<Lane>& lanes() { return lanes_; }
  kernels::Loss& loss() { return loss_; }
  /// Gives up what it keeps for later calls: queues and kernel objects. Drivers may hold memory for them.
  void free_caches() { lanes_.forget_idle(); }

 private:
  cl_program program(std::string_view text, const kernels::Entry& entry);

  cl_device_id id_;
  flynn::Device facts_;
  Limits limits_;
  Context context_;
  kernels::Lanes<Lane> lanes_;
  kernels::Loss loss_;
  // Per process, in memory; drivers keep caches of their own on disk. The keys are options and text; device and driver
  // are this object's.
  std::mutex mutex_;
  std::map<std::string, Program> programs_;
  std::size_t builds_ = 0;
};

/// The devices that gave the known answer to a small kernel, GPUs first, CPUs last; and why there are not more.
struct Inventory {
  std::vector<Device*> devices;
  std::string reason;  ///< the last thing that went wrong; empty when every device that a platform offers works
  std::string cure = "install a driver: apt-get install pocl-opencl-icd for the CPU, or the GPU vendor's OpenCL driver";
};

/// Looks at the platforms at the first call. Lives until the process ends: drivers are gone before static objects are.
const Inventory& inventory();

/// The device with this index, the first one for -1; of a CPU device as many cores as `threads` allows, where its
/// driver can be partitioned. Throws Failure with the list of devices when there is none.
Device& device_at(int index, unsigned threads);

}  // namespace flynn::opencl

#include <kernels/opencl/device.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include <kernels/opencl/identity.hpp>

namespace flynn::opencl {
namespace {

template <class V>
V fact(cl_device_id id, cl_device_info what) {
  V value{};
  check(clGetDeviceInfo(id, what, sizeof value, &value, nullptr), "clGetDeviceInfo");
  return value;
}

std::string words(cl_device_id id, cl_device_info what) {
  std::size_t bytes = 0;
  check(clGetDeviceInfo(id, what, 0, nullptr, &bytes), "clGetDeviceInfo");
  std::string text(bytes, '\0');
  check(clGetDeviceInfo(id, what, bytes, text.data(), nullptr), "clGetDeviceInfo");
  return text.c_str();  // up to the terminating zero
}

flynn::Device facts_of(cl_device_id id) {
  flynn::Device facts;
  std::snprintf(facts.name, sizeof facts.name, "%s", words(id, CL_DEVICE_NAME).c_str());
  std::snprintf(facts.driver, sizeof facts.driver, "%s, driver %s", words(id, CL_DEVICE_VERSION).c_str(),
                words(id, CL_DRIVER_VERSION).c_str());
  constexpr cl_device_type cpu_or_gpu = CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_GPU;  // a simulator says that it is both
  facts.is_cpu = (fact<cl_device_type>(id, CL_DEVICE_TYPE) & cpu_or_gpu) == CL_DEVICE_TYPE_CPU;
  const std::string extensions = words(id, CL_DEVICE_EXTENSIONS);
  facts.has_f64 = extensions.find("cl_khr_fp64") != std::string::npos;
  facts.compute_units = fact<cl_uint>(id, CL_DEVICE_MAX_COMPUTE_UNITS);
  facts.memory_bytes = fact<cl_ulong>(id, CL_DEVICE_GLOBAL_MEM_SIZE);
  identify(
      extensions,
      [&](cl_device_info what, std::size_t bytes, void* value) {
        return clGetDeviceInfo(id, what, bytes, value, nullptr) == CL_SUCCESS;
      },
      facts);
  return facts;
}

Limits limits_of(cl_device_id id) {
  return {.group_items = fact<std::size_t>(id, CL_DEVICE_MAX_WORK_GROUP_SIZE),
          .local_bytes = fact<cl_ulong>(id, CL_DEVICE_LOCAL_MEM_SIZE),
          .buffer_bytes = fact<cl_ulong>(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE)};
}

Context context_of(cl_device_id id) {
  cl_int error;
  Context context(clCreateContext(nullptr, 1, &id, nullptr, nullptr, &error));
  check(error, "clCreateContext");
  return context;
}

/// Adds up two numbers of 32 bits on the device.
void give_known_answer(Device& device) {
  constexpr std::string_view text = "__kernel void k_probe_u32(uint a, __global uint* x) { x[get_global_id(0)] += a; }";
  const Kernel kernel = device.kernel(text, {"probe", "k_probe", "u32"});
  cl_uint x = 40, a = 2;
  cl_int error;
  const CommandQueue queue(clCreateCommandQueue(device.context(), device.id(), 0, &error));
  check(error, "clCreateCommandQueue");
  const Memory memory(clCreateBuffer(device.context(), CL_MEM_COPY_HOST_PTR, sizeof x, &x, &error));
  check(error, "clCreateBuffer");
  const cl_mem handle = memory.get();
  check(clSetKernelArg(kernel.get(), 0, sizeof a, &a), "clSetKernelArg");
  check(clSetKernelArg(kernel.get(), 1, sizeof handle, &handle), "clSetKernelArg");
  const std::size_t one = 1;
  check(clEnqueueNDRangeKernel(queue.get(), kernel.get(), 1, nullptr, &one, &one, 0, nullptr, nullptr),
        "clEnqueueNDRangeKernel");
  check(clEnqueueReadBuffer(queue.get(), handle, CL_TRUE, 0, sizeof x, &x, 0, nullptr, nullptr), "clEnqueueReadBuffer");
  if (x != 42) throw Failure(Code::device_failed, "it says that 40 + 2 is %u", x);
}

std::vector<cl_platform_id> platforms() {
  cl_uint count = 0;
  const cl_int error = clGetPlatformIDs(0, nullptr, &count);
  if (error == -1001 || (error == CL_SUCCESS && count == 0)) return {};  // the loader found no driver
  check(error, "clGetPlatformIDs");
  std::vector<cl_platform_id> ids(count);
  check(clGetPlatformIDs(count, ids.data(), nullptr), "clGetPlatformIDs");
  return ids;
}

std::vector<cl_device_id> devices_of(cl_platform_id platform) {
  cl_uint count = 0;
  const cl_int error = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count);
  if (error == CL_DEVICE_NOT_FOUND || (error == CL_SUCCESS && count == 0)) return {};
  check(error, "clGetDeviceIDs");
  std::vector<cl_device_id> ids(count);
  check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids.data(), nullptr), "clGetDeviceIDs");
  return ids;
}

/// A platform or device that fails is left out, with its reason; the others count.
template <class F>
void attempt(std::string& reason, const std::string& who, F f) {
  try {
    f();
  } catch (const Failure& failure) {
    reason = who + failure.what();
  }
}

void take(Inventory& inventory, cl_device_id id) {
  const std::string name = words(id, CL_DEVICE_NAME);
  attempt(inventory.reason, name + ": ", [&] {
    auto device = std::make_unique<Device>(id);
    give_known_answer(*device);
    inventory.devices.push_back(device.release());
  });
}

Inventory take_inventory() {
  Inventory inventory;
  std::vector<cl_platform_id> found;
  attempt(inventory.reason, "", [&] {
    found = platforms();
    if (found.empty()) inventory.reason = "no OpenCL platform is installed";
  });
  for (cl_platform_id platform : found)
    attempt(inventory.reason, "", [&] {
      for (cl_device_id id : devices_of(platform)) take(inventory, id);
    });
  if (inventory.devices.empty() && inventory.reason.empty()) inventory.reason = "no OpenCL platform has a device";
  std::stable_partition(inventory.devices.begin(), inventory.devices.end(),
                        [](const Device* d) { return !d->facts().is_cpu; });
  return inventory;
}

}  // namespace

Device::Device(cl_device_id id) : Device(id, facts_of(id)) {}

Device::Device(cl_device_id id, const flynn::Device& facts) : Device(id, facts, limits_of(id)) {}

Device::Device(cl_device_id id, const flynn::Device& facts, const Limits& limits)
    : id_(id), facts_(facts), limits_(limits), context_(context_of(id)) {}

Kernel Device::kernel(const kernels::Entry& entry) { return kernel(kernels::text_of(entry.text), entry); }

Kernel Device::kernel(std::string_view text, const kernels::Entry& entry) {
  const std::string name = std::string(entry.name) + "_" + std::string(entry.type);
  cl_int error;
  Kernel kernel(clCreateKernel(program(text, entry), name.c_str(), &error));
  check(error, "clCreateKernel");
  return kernel;
}

std::size_t Device::builds() {
  const std::lock_guard lock(mutex_);
  return builds_;
}

cl_program Device::program(std::string_view text, const kernels::Entry& entry) {
  if (entry.type == "f64" && !facts_.has_f64)
    throw Failure(Code::unsupported, "%s has no double precision (cl_khr_fp64)", facts_.name);
  // OpenCL C 1.2 is what the texts are written in, and the newest that every driver and oclgrind accept.
  const std::string options =
      "-cl-std=CL1.2 -D FLYNN_T=" + std::string(entry.type) + (facts_.is_cpu ? " -D FLYNN_CPU" : "");
  const std::string key = options + '\n' + std::string(text);
  const std::lock_guard lock(mutex_);
  if (auto found = programs_.find(key); found != programs_.end()) return found->second.get();

  const char* source = text.data();
  const std::size_t length = text.size();
  cl_int error;
  Program program(clCreateProgramWithSource(context(), 1, &source, &length, &error));
  check(error, "clCreateProgramWithSource");
  error = clBuildProgram(program.get(), 1, &id_, options.c_str(), nullptr, nullptr);
  if (error == CL_BUILD_PROGRAM_FAILURE) {
    char log[sizeof Text::message] = "";
    std::size_t bytes = 0;
    clGetProgramBuildInfo(program.get(), id_, CL_PROGRAM_BUILD_LOG, 0, nullptr, &bytes);
    std::string whole(bytes, '\0');
    clGetProgramBuildInfo(program.get(), id_, CL_PROGRAM_BUILD_LOG, bytes, whole.data(), nullptr);
    std::snprintf(log, sizeof log, "%s", whole.c_str());
    throw Failure(Code::device_failed, "%s does not build %.*s for %.*s: %s", facts_.name, int(entry.text.size()),
                  entry.text.data(), int(entry.type.size()), entry.type.data(), log);
  }
  check(error, "clBuildProgram");
  ++builds_;
  return programs_.emplace(key, std::move(program)).first->second.get();
}

const Inventory& inventory() {
  static const Inventory& inventory = *new Inventory(take_inventory());
  return inventory;
}

namespace {

Device& whole_device_at(int index) {
  const std::vector<Device*>& devices = inventory().devices;
  if (devices.empty()) throw Failure(Code::unavailable, "%s", inventory().reason.c_str());
  if (index == -1) return *devices.front();
  if (index >= 0 && std::size_t(index) < devices.size()) return *devices[std::size_t(index)];
  std::string list;
  for (std::size_t i = 0; i < devices.size(); ++i)
    list += (i ? ", " : "") + std::to_string(i) + " = " + devices[i]->facts().name;
  throw Failure(Code::invalid_argument, "there is no OpenCL device %d; there are: %s", index, list.c_str());
}

/// A device of `count` cores of a CPU device; null when its driver does not partition.
Device* part_of(const Device& device, cl_uint count) {
  const cl_device_partition_property by_count[] = {CL_DEVICE_PARTITION_BY_COUNTS, cl_device_partition_property(count),
                                                   CL_DEVICE_PARTITION_BY_COUNTS_LIST_END, 0};
  cl_device_id part;
  return clCreateSubDevices(device.id(), by_count, 1, &part, nullptr) == CL_SUCCESS ? new Device(part) : nullptr;
}

}  // namespace

Device& device_at(int index, unsigned threads) {
  Device& device = whole_device_at(index);
  if (!device.facts().is_cpu || threads >= device.facts().compute_units) return device;
  static std::mutex mutex;
  static auto& parts = *new std::map<std::pair<Device*, unsigned>, Device*>;
  const std::lock_guard lock(mutex);
  const auto [place, is_new] = parts.try_emplace({&device, threads}, nullptr);
  if (is_new) place->second = part_of(device, threads);
  return place->second ? *place->second : device;
}

}  // namespace flynn::opencl

#include <kernels/cuda/device.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <kernels/cuda/images.hpp>
#include <kernels/cuda/queue.hpp>

namespace flynn::cuda {
namespace {

int fact(CUdevice id, CUdevice_attribute what) {
  int value = 0;
  check(cuDeviceGetAttribute(&value, what, id), "cuDeviceGetAttribute");
  return value;
}

/// What tells this device from others and is the same through another API. A driver may fail here and still compute:
/// then it stays unknown.
void identify(CUdevice id, flynn::Device& facts) {
  CUuuid uuid;
  if (cuDeviceGetUuid(&uuid, id) == CUDA_SUCCESS) std::memcpy(facts.uuid, uuid.bytes, sizeof facts.uuid);
  if (cuDeviceGetPCIBusId(facts.pci_address, sizeof facts.pci_address, id) != CUDA_SUCCESS) facts.pci_address[0] = '\0';
  for (char& c : facts.pci_address)
    if (c >= 'A' && c <= 'F') c = char(c - 'A' + 'a');
}

flynn::Device facts_of(CUdevice id) {
  flynn::Device facts;
  check(cuDeviceGetName(facts.name, sizeof facts.name, id), "cuDeviceGetName");
  int driver = 0;
  check(cuDriverGetVersion(&driver), "cuDriverGetVersion");
  facts.capability_major = std::uint32_t(fact(id, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR));
  facts.capability_minor = std::uint32_t(fact(id, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
  std::snprintf(facts.driver, sizeof facts.driver, "CUDA %d.%d, compute capability %u.%u", driver / 1000,
                driver % 1000 / 10, facts.capability_major, facts.capability_minor);
  facts.has_f64 = true;
  facts.compute_units = std::uint32_t(fact(id, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT));
  std::size_t bytes = 0;
  check(cuDeviceTotalMem(&bytes, id), "cuDeviceTotalMem");
  facts.memory_bytes = bytes;
  identify(id, facts);
  return facts;
}

/// What is freed stays with the device for the next call, not with the operating system.
void keep_freed_memory(CUdevice id) {
  CUmemoryPool pool;
  check(cuDeviceGetDefaultMemPool(&pool, id), "cuDeviceGetDefaultMemPool");
  cuuint64_t all = ~cuuint64_t{0};
  check(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &all), "cuMemPoolSetAttribute");
}

/// 2 + 4 * 10 on the device.
void give_known_answer(Device& device) {
  const float x = 10;
  float y = 2;
  Execution execution;
  Queue queue(device, execution);
  queue.launch(kernels::Entry{"axpy", "k_axpy", "f32"}, 1, 32, std::size_t{0}, std::size_t{1}, 4.0f,
               queue.buffer(In<float>(&x, 1)), queue.buffer(InOut<float>(&y, 1)));
  queue.finish();
  if (y != 42) throw Failure(Code::device_failed, "it says that 2 + 4 * 10 is %g", double(y));
}

const char* cure_of(CUresult error) {
  switch (error) {
    case CUDA_ERROR_STUB_LIBRARY:
      return "this libcuda.so.1 is the toolkit's stub, for linking only: install the NVIDIA driver and take the stub "
             "out of the "
             "library path";
    case CUDA_ERROR_NO_DEVICE:
      return std::getenv("CUDA_VISIBLE_DEVICES")
                 ? "unset CUDA_VISIBLE_DEVICES, or give it indexes or UUIDs that nvidia-smi -L lists"
                 : "the driver is here and sees no GPU: look at nvidia-smi";
    case CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
      return "the kernel's NVIDIA module and libcuda are of different versions: restart after the driver's update";
    case CUDA_ERROR_SYSTEM_NOT_READY:
      return "start what the machine's GPUs need (nvidia-fabricmanager)";
    default:
      return "look at nvidia-smi; a newer NVIDIA driver may help";
  }
}

/// The variable that hides GPUs is the usual reason why there is none, and an empty one hides all of them.
std::string with_visible_devices(const std::string& reason) {
  const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return visible ? reason + ": CUDA_VISIBLE_DEVICES=\"" + visible + "\" names no GPU that is here" : reason;
}

Inventory take_inventory() {
  Inventory inventory;
  int count = 0;
  if (const CUresult error = cuInit(0); error != CUDA_SUCCESS) {
    const char* words = nullptr;
    cuGetErrorString(error, &words);
    inventory.reason =
        "cuInit: " + std::string(words ? words : "an error without words") + " (" + std::to_string(error) + ")";
    if (error == CUDA_ERROR_NO_DEVICE) inventory.reason = with_visible_devices(inventory.reason);
    inventory.cure = cure_of(error);
    return inventory;
  }
  if (cuDeviceGetCount(&count) != CUDA_SUCCESS || count == 0)
    inventory.reason = with_visible_devices("the driver has no device");
  inventory.cure = cure_of(CUDA_ERROR_NO_DEVICE);
  for (int ordinal = 0; ordinal < count; ++ordinal) try {
      auto device = std::make_unique<Device>(ordinal);
      give_known_answer(*device);
      inventory.devices.push_back(device.release());
    } catch (const Failure& failure) {  // this one is left out, the others count
      inventory.reason = "device " + std::to_string(ordinal) + ": " + failure.what();
      inventory.cure = cure_of(CUDA_ERROR_UNKNOWN);
    }
  return inventory;
}

}  // namespace

Device::Device(int ordinal) {
  check(cuDeviceGet(&id_, ordinal), "cuDeviceGet");
  facts_ = facts_of(id_);
  check(cuDevicePrimaryCtxRetain(&context_, id_), "cuDevicePrimaryCtxRetain");
  keep_freed_memory(id_);
}

CUfunction Device::function(const kernels::Entry& entry) {
  const std::string name = std::string(entry.name) + "_" + std::string(entry.type);
  CUfunction function;
  check(cuModuleGetFunction(&function, module(entry), name.c_str()), "cuModuleGetFunction");
  return function;
}

void Device::free_caches() {
  // What fails here fails again in the call that needs the memory.
  if (cuCtxPushCurrent(context_) != CUDA_SUCCESS) return;
  lanes_.forget_idle();
  CUmemoryPool pool;
  if (cuDeviceGetDefaultMemPool(&pool, id_) == CUDA_SUCCESS) cuMemPoolTrimTo(pool, 0);
  CUcontext context;
  cuCtxPopCurrent(&context);
}

CUmodule Device::module(const kernels::Entry& entry) {
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = modules_.try_emplace({std::string(entry.text), std::string(entry.type)}, nullptr);
  if (place->second) return place->second;
  const void* const image = image_of(entry.text, entry.type);
  if (!image)
    throw Failure(Code::unsupported, "the cuda module was built without %s for %s", place->first.first.c_str(),
                  place->first.second.c_str());
  check(cuModuleLoadData(&place->second, image), "cuModuleLoadData");
  return place->second;
}

const Inventory& inventory() {
  static const Inventory& inventory = *new Inventory(take_inventory());
  return inventory;
}

Device& device_at(int index, unsigned) {
  const std::vector<Device*>& devices = inventory().devices;
  if (devices.empty()) throw Failure(Code::unavailable, "%s", inventory().reason.c_str());
  if (index == -1) return *devices.front();
  if (index >= 0 && std::size_t(index) < devices.size()) return *devices[std::size_t(index)];
  std::string list;
  for (std::size_t i = 0; i < devices.size(); ++i)
    list += (i ? ", " : "") + std::to_string(i) + " = " + devices[i]->facts().name;
  throw Failure(Code::invalid_argument, "there is no CUDA device %d; there are: %s", index, list.c_str());
}

}  // namespace flynn::cuda

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include <kernels/cuda/images.hpp>
#include <tests/fakes/computing_libcuda.hpp>

namespace flynn::fakes {
namespace {

CudaFault planned;
bool is_lost = false;
std::map<std::string, int> counts;
int all_counts = 0;

/// Counts a call, and gives what it returns.
CUresult call(const char* name) {
  ++counts[name];
  ++all_counts;
  const bool is_meant = planned.call == name && --planned.first < 1 && planned.first > -(planned.count ? planned.count : 1 << 30);
  is_lost |= is_meant && planned.count == 0;
  return is_meant || is_lost ? planned.code : CUDA_SUCCESS;
}

void* pointer(CUdeviceptr memory) { return reinterpret_cast<void*>(memory); }

CUresult allocate(const char* name, CUdeviceptr* memory, std::size_t bytes) {
  const CUresult result = call(name);
  if (result == CUDA_SUCCESS) *memory = reinterpret_cast<CUdeviceptr>(std::malloc(bytes));
  return result;
}

CUresult release(const char* name, CUdeviceptr memory) {
  std::free(pointer(memory));
  return call(name);
}

CUresult move(const char* name, void* to, const void* from, std::size_t bytes) {
  const CUresult result = call(name);
  if (result == CUDA_SUCCESS) std::memcpy(to, from, bytes);
  return result;
}

int something;  ///< what handles point at

template <class Handle>
CUresult make(const char* name, Handle* handle) {
  *handle = reinterpret_cast<Handle>(&something);
  return call(name);
}

}  // namespace

void plan_cuda_fault(const CudaFault& fault) {
  planned = fault;
  is_lost = false;
}

int cuda_calls(const std::string& call) { return call.empty() ? all_counts : counts[call]; }

}  // namespace flynn::fakes

const void* flynn::cuda::image_of(std::string_view, std::string_view) { return &flynn::fakes::something; }

using namespace flynn::fakes;

extern "C" {
CUresult CUDAAPI cuInit(unsigned) { return call("cuInit"); }
CUresult CUDAAPI cuDeviceGetCount(int* count) {
  *count = 1;
  return call("cuDeviceGetCount");
}
CUresult CUDAAPI cuGetErrorName(CUresult, const char** name) {
  *name = "FAKE_ERROR";
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuGetErrorString(CUresult, const char** words) {
  *words = "what the fake driver says";
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuCtxPopCurrent(CUcontext*) { return call("cuCtxPopCurrent"); }
CUresult CUDAAPI cuCtxPushCurrent(CUcontext) { return call("cuCtxPushCurrent"); }
CUresult CUDAAPI cuDeviceGet(CUdevice* device, int) {
  *device = 0;
  return call("cuDeviceGet");
}
CUresult CUDAAPI cuDeviceGetAttribute(int* value, CUdevice_attribute, CUdevice) {
  *value = 9;
  return call("cuDeviceGetAttribute");
}
CUresult CUDAAPI cuDeviceGetDefaultMemPool(CUmemoryPool* pool, CUdevice) { return make("cuDeviceGetDefaultMemPool", pool); }
CUresult CUDAAPI cuDeviceGetName(char* name, int bytes, CUdevice) {
  std::snprintf(name, std::size_t(bytes), "fake GPU");
  return call("cuDeviceGetName");
}
CUresult CUDAAPI cuDeviceGetPCIBusId(char*, int, CUdevice) { return CUDA_ERROR_UNKNOWN; }
CUresult CUDAAPI cuDeviceGetUuid(CUuuid*, CUdevice) { return CUDA_ERROR_UNKNOWN; }
CUresult CUDAAPI cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice) { return make("cuDevicePrimaryCtxRetain", context); }
CUresult CUDAAPI cuDeviceTotalMem(size_t* bytes, CUdevice) {
  *bytes = size_t{1} << 30;
  return call("cuDeviceTotalMem");
}
CUresult CUDAAPI cuDriverGetVersion(int* version) {
  *version = 13000;
  return call("cuDriverGetVersion");
}
CUresult CUDAAPI cuEventCreate(CUevent* event, unsigned) { return make("cuEventCreate", event); }
CUresult CUDAAPI cuEventDestroy(CUevent) { return call("cuEventDestroy"); }
CUresult CUDAAPI cuEventElapsedTime(float* milliseconds, CUevent, CUevent) {
  *milliseconds = 0.001f;
  return call("cuEventElapsedTime");
}
CUresult CUDAAPI cuEventRecord(CUevent, CUstream) { return call("cuEventRecord"); }
CUresult CUDAAPI cuEventSynchronize(CUevent) { return call("cuEventSynchronize"); }
CUresult CUDAAPI cuLaunchKernel(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                                CUstream, void** values, void**) {
  const CUresult result = call("cuLaunchKernel");
  if (result != CUDA_SUCCESS) return result;
  auto value = [&]<class T>(std::size_t i, T) { return *static_cast<T*>(values[i]); };
  const auto begin = value(0, std::size_t{}), end = value(1, std::size_t{});
  const float a = value(2, 0.0f);
  const auto* const x = static_cast<const float*>(pointer(value(3, CUdeviceptr{})));
  auto* const y = static_cast<float*>(pointer(value(4, CUdeviceptr{})));
  for (std::size_t i = begin; i < end; ++i) y[i] += a * x[i];
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuMemAlloc(CUdeviceptr* memory, size_t bytes) { return allocate("cuMemAlloc", memory, bytes); }
CUresult CUDAAPI cuMemAllocAsync(CUdeviceptr* memory, size_t bytes, CUstream) {
  return allocate("cuMemAllocAsync", memory, bytes);
}
CUresult CUDAAPI cuMemFree(CUdeviceptr memory) { return release("cuMemFree", memory); }
CUresult CUDAAPI cuMemFreeAsync(CUdeviceptr memory, CUstream) { return release("cuMemFreeAsync", memory); }
CUresult CUDAAPI cuMemPoolSetAttribute(CUmemoryPool, CUmemPool_attribute, void*) { return call("cuMemPoolSetAttribute"); }
CUresult CUDAAPI cuMemPoolTrimTo(CUmemoryPool, size_t) { return call("cuMemPoolTrimTo"); }
CUresult CUDAAPI cuMemcpy2DAsync(const CUDA_MEMCPY2D*, CUstream) { return CUDA_ERROR_UNKNOWN; }
CUresult CUDAAPI cuMemcpyDtoHAsync(void* to, CUdeviceptr from, size_t bytes, CUstream) {
  return move("cuMemcpyDtoHAsync", to, pointer(from), bytes);
}
CUresult CUDAAPI cuMemcpyHtoDAsync(CUdeviceptr to, const void* from, size_t bytes, CUstream) {
  return move("cuMemcpyHtoDAsync", pointer(to), from, bytes);
}
CUresult CUDAAPI cuModuleGetFunction(CUfunction* function, CUmodule, const char*) {
  return make("cuModuleGetFunction", function);
}
CUresult CUDAAPI cuModuleLoadData(CUmodule* module, const void*) { return make("cuModuleLoadData", module); }
CUresult CUDAAPI cuStreamCreate(CUstream* stream, unsigned) { return make("cuStreamCreate", stream); }
CUresult CUDAAPI cuStreamDestroy(CUstream) { return call("cuStreamDestroy"); }
CUresult CUDAAPI cuStreamSynchronize(CUstream) { return call("cuStreamSynchronize"); }
}

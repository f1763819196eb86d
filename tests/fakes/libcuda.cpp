// A fake libcuda.so.1, for drivers that cannot be had here: cuInit returns the number in FAKE_CUDA_INIT, and there are
// FAKE_CUDA_DEVICES devices, on which every call fails; CUDA_VISIBLE_DEVICES hides them.
// FAKE_CUDA_CONSTRUCTOR=crash|exit|hang happens when it is opened.
#include <cuda.h>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string_view>

namespace {
int number(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? std::atoi(value) : 0;
}
[[gnu::constructor]] void when_opened() {
  const char* const variable = std::getenv("FAKE_CUDA_CONSTRUCTOR");
  const std::string_view what = variable ? variable : "";
  if (what == "crash") raise(SIGSEGV);
  if (what == "exit") _exit(7);
  if (what == "hang") fork();  // what it started is to go with it
  while (what == "hang") pause();
}
}  // namespace

#define FAKE(name, ...) \
  CUresult CUDAAPI name(__VA_ARGS__) { return CUDA_ERROR_UNKNOWN; }
extern "C" {
// As the driver has it: a list that names no device hides all of them.
CUresult CUDAAPI cuInit(unsigned) {
  const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (visible && (*visible < '0' || *visible > '9' || std::atoi(visible) >= number("FAKE_CUDA_DEVICES")))
    return CUDA_ERROR_NO_DEVICE;
  return CUresult(number("FAKE_CUDA_INIT"));
}
CUresult CUDAAPI cuDeviceGetCount(int* count) {
  *count = number("FAKE_CUDA_DEVICES");
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuGetErrorName(CUresult, const char** name) {
  *name = "FAKE_ERROR";
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuGetErrorString(CUresult, const char** words) {
  *words = "what the fake driver says";
  return CUDA_SUCCESS;
}
FAKE(cuCtxPopCurrent, CUcontext*)
FAKE(cuCtxPushCurrent, CUcontext)
FAKE(cuDeviceGet, CUdevice*, int)
FAKE(cuDeviceGetAttribute, int*, CUdevice_attribute, CUdevice)
FAKE(cuDeviceGetDefaultMemPool, CUmemoryPool*, CUdevice)
FAKE(cuDeviceGetName, char*, int, CUdevice)
FAKE(cuDeviceGetPCIBusId, char*, int, CUdevice)
FAKE(cuDeviceGetUuid, CUuuid*, CUdevice)
FAKE(cuDevicePrimaryCtxRetain, CUcontext*, CUdevice)
FAKE(cuDeviceTotalMem, size_t*, CUdevice)
FAKE(cuDriverGetVersion, int*)
FAKE(cuEventCreate, CUevent*, unsigned)
FAKE(cuEventDestroy, CUevent)
FAKE(cuEventElapsedTime, float*, CUevent, CUevent)
FAKE(cuEventRecord, CUevent, CUstream)
FAKE(cuEventSynchronize, CUevent)
FAKE(cuLaunchKernel, CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void**, void**)
FAKE(cuMemAlloc, CUdeviceptr*, size_t)
FAKE(cuMemFree, CUdeviceptr)
FAKE(cuMemAllocAsync, CUdeviceptr*, size_t, CUstream)
FAKE(cuMemFreeAsync, CUdeviceptr, CUstream)
FAKE(cuMemPoolSetAttribute, CUmemoryPool, CUmemPool_attribute, void*)
FAKE(cuMemPoolTrimTo, CUmemoryPool, size_t)
FAKE(cuMemcpy2DAsync, const CUDA_MEMCPY2D*, CUstream)
FAKE(cuMemcpyDtoHAsync, void*, CUdeviceptr, size_t, CUstream)
FAKE(cuMemcpyHtoDAsync, CUdeviceptr, const void*, size_t, CUstream)
FAKE(cuModuleGetFunction, CUfunction*, CUmodule, const char*)
FAKE(cuModuleLoadData, CUmodule*, const void*)
FAKE(cuStreamCreate, CUstream*, unsigned)
FAKE(cuStreamDestroy, CUstream)
FAKE(cuStreamSynchronize, CUstream)
}

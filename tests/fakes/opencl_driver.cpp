// A fake OpenCL driver, for the ones that are sick: FAKE_OPENCL_WHEN=constructor|platforms says when, and
// FAKE_OPENCL_WHAT= crash|exit|hang what happens. Otherwise it has no platform.
#include <CL/cl.h>
#include <dlfcn.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {
std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}
void fall_ill(std::string_view when) {
  if (variable("FAKE_OPENCL_WHEN") != when) return;
  const std::string_view what = variable("FAKE_OPENCL_WHAT");
  if (what == "crash") raise(SIGSEGV);
  if (what == "clash" && dlopen(std::getenv("FAKE_OPENCL_OTHER"), RTLD_LAZY | RTLD_NOLOAD)) raise(SIGSEGV);
  if (what == "exit") _exit(7);
  if (what == "hang") fork();  // what it started is to go with it
  while (what == "hang") pause();
}
[[gnu::constructor]] void when_opened() { fall_ill("constructor"); }
}  // namespace

extern "C" {
cl_int clIcdGetPlatformIDsKHR(cl_uint, cl_platform_id*, cl_uint* count) {
  fall_ill("platforms");
  if (count) *count = 0;
  return -1001;  // CL_PLATFORM_NOT_FOUND_KHR
}
cl_int clGetPlatformInfo(cl_platform_id, cl_platform_info, size_t, void*, size_t*) { return CL_INVALID_PLATFORM; }
void* clGetExtensionFunctionAddress(const char* name) {
  return std::strcmp(name, "clIcdGetPlatformIDsKHR") == 0 ? reinterpret_cast<void*>(&clIcdGetPlatformIDsKHR) : nullptr;
}
}

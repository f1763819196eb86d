// A fake layer between flynn and an OpenCL driver that is well, for faults that cannot be had otherwise. The file that
// FAKE_OPENCL_PLAN names says what goes wrong from the first text of flynn's on:
//   CALL FIRST COUNT CODE   COUNT calls of CALL, from the FIRST one since the plan changed, are not made and return CODE;
//                           COUNT 0: and from then on every call; CODE 1: they never return, CODE 2: they crash
//   text error|spin|crash   texts that are built from now on have an error, loop for ever, store to null
//   flip                    results come back with a wrong bit
#include <CL/cl.h>
#include <dlfcn.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>

namespace {

std::mutex mutex;
std::string known_plan;
int calls = 0;
bool is_armed = false, is_lost = false;

std::string plan() {
  const char* const path = std::getenv("FAKE_OPENCL_PLAN");
  std::ifstream file(path ? path : "");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What a call shall return; CL_SUCCESS: what it returns by itself.
cl_int fault_of(const char* call) {
  const std::string now = plan();
  const std::lock_guard lock(mutex);
  if (now != known_plan) {
    known_plan = now;
    calls = 0;
    is_lost = false;
  }
  char name[64];
  int first, count, code;
  if (!is_armed || std::sscanf(now.c_str(), "%63s %d %d %d", name, &first, &count, &code) != 4) return CL_SUCCESS;
  const bool is_meant = std::strcmp(name, call) == 0 && ++calls >= first && (count == 0 || calls < first + count);
  is_lost |= is_meant && count == 0;
  if (!is_meant && !is_lost) return CL_SUCCESS;
  if (code == 1) std::ofstream(std::string(std::getenv("FAKE_OPENCL_PLAN")) + ".hangs");
  while (code == 1) pause();
  if (code == 2) {
    std::signal(SIGSEGV, SIG_DFL);  // PoCL has a handler
    raise(SIGSEGV);
  }
  return code;
}

/// A text of flynn's as the plan wants it.
std::string changed(std::string text) {
  if (text.find("KERNEL(") == text.npos) return text;
  const std::string now = plan();
  const std::lock_guard lock(mutex);
  is_armed = true;
  if (now == "text error") return "#error planted\n" + text;
  const char* const what = now == "text spin"    ? "volatile int go = 1; while (go) {}"
                           : now == "text crash" ? "*(volatile __global int*)0 = 1;"
                                                 : nullptr;
  if (!what) return text;
  return std::string("static size_t planted(uint d) { ") + what + " return get_group_id(d); }\n" +
         "#define get_group_id planted\n" + text;
}

template <class F>
F* real(const char* name) {
  static void* const library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  return reinterpret_cast<F*>(dlsym(library, name));
}

void flip(void* bytes) {
  const bool is_planned = plan() == "flip";
  const std::lock_guard lock(mutex);
  if (is_planned && is_armed) *static_cast<unsigned char*>(bytes) ^= 1;
}

}  // namespace

extern "C" {

cl_program clCreateProgramWithSource(cl_context context, cl_uint count, const char** texts, const size_t* lengths,
                                     cl_int* error) {
  static auto* const next = real<decltype(clCreateProgramWithSource)>("clCreateProgramWithSource");
  std::string text;
  for (cl_uint i = 0; i < count; ++i)
    text.append(texts[i], lengths && lengths[i] ? lengths[i] : std::strlen(texts[i]));
  text = changed(text);
  const char* begin = text.data();
  const size_t length = text.size();
  return next(context, 1, &begin, &length, error);
}

cl_int clBuildProgram(cl_program program, cl_uint count, const cl_device_id* devices, const char* options,
                      void(CL_CALLBACK* notify)(cl_program, void*), void* data) {
  static auto* const next = real<decltype(clBuildProgram)>("clBuildProgram");
  const cl_int fault = fault_of("clBuildProgram");
  return fault ? fault : next(program, count, devices, options, notify, data);
}

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t bytes, void* host, cl_int* error) {
  static auto* const next = real<decltype(clCreateBuffer)>("clCreateBuffer");
  const cl_int fault = fault_of("clCreateBuffer");
  if (fault == CL_SUCCESS) return next(context, flags, bytes, host, error);
  if (error) *error = fault;
  return nullptr;
}

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t* offset,
                              const size_t* items, const size_t* group, cl_uint waits, const cl_event* wait,
                              cl_event* event) {
  static auto* const next = real<decltype(clEnqueueNDRangeKernel)>("clEnqueueNDRangeKernel");
  const cl_int fault = fault_of("clEnqueueNDRangeKernel");
  return fault ? fault : next(queue, kernel, dimensions, offset, items, group, waits, wait, event);
}

cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocks, size_t offset, size_t bytes, void* to,
                           cl_uint waits, const cl_event* wait, cl_event* event) {
  static auto* const next = real<decltype(clEnqueueReadBuffer)>("clEnqueueReadBuffer");
  if (const cl_int fault = fault_of("clEnqueueReadBuffer")) return fault;
  const cl_int result = next(queue, memory, blocks, offset, bytes, to, waits, wait, event);
  if (result == CL_SUCCESS) flip(to);
  return result;
}

cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocks, size_t offset, size_t bytes,
                            const void* from, cl_uint waits, const cl_event* wait, cl_event* event) {
  static auto* const next = real<decltype(clEnqueueWriteBuffer)>("clEnqueueWriteBuffer");
  const cl_int fault = fault_of("clEnqueueWriteBuffer");
  return fault ? fault : next(queue, memory, blocks, offset, bytes, from, waits, wait, event);
}

void* clEnqueueMapBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocks, cl_map_flags flags, size_t offset,
                         size_t bytes, cl_uint waits, const cl_event* wait, cl_event* event, cl_int* error) {
  static auto* const next = real<decltype(clEnqueueMapBuffer)>("clEnqueueMapBuffer");
  if (const cl_int fault = fault_of("clEnqueueMapBuffer")) {
    if (error) *error = fault;
    return nullptr;
  }
  void* const mapped = next(queue, memory, blocks, flags, offset, bytes, waits, wait, event, error);
  if (mapped) flip(mapped);
  return mapped;
}

cl_int clWaitForEvents(cl_uint count, const cl_event* events) {
  static auto* const next = real<decltype(clWaitForEvents)>("clWaitForEvents");
  const cl_int fault = fault_of("clWaitForEvents");
  return fault ? fault : next(count, events);
}

}  // extern "C"

#pragma once
#include <CL/cl.h>

#include <utility>

#include <kernels/failure.hpp>

namespace flynn::opencl {

using kernels::Failure;

/// The name of an OpenCL error as its manual spells it.
const char* name_of_error(cl_int error);

/// Whether the device works for this process no more: it has gone, or the driver has taken back the context or a queue
/// that only flynn could release. NVIDIA's does that after a kernel that went astray.
bool is_loss(cl_int error);

/// Every return code goes through here. `call` is the function that returned it.
void check(cl_int error, const char* call);

/// Owns an OpenCL object.
template <class H, cl_int (*close)(H)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(H handle) : handle_(handle) {}
  Handle(Handle&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
  Handle& operator=(Handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Handle() {
    if (handle_) close(handle_);
  }
  H get() const { return handle_; }
  H release() { return std::exchange(handle_, nullptr); }

 private:
  H handle_ = nullptr;
};

using Context = Handle<cl_context, clReleaseContext>;
using Program = Handle<cl_program, clReleaseProgram>;
using Kernel = Handle<cl_kernel, clReleaseKernel>;
using CommandQueue = Handle<cl_command_queue, clReleaseCommandQueue>;
using Memory = Handle<cl_mem, clReleaseMemObject>;
using Event = Handle<cl_event, clReleaseEvent>;

}  // namespace flynn::opencl

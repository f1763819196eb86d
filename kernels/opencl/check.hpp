#pragma once
#include <CL/cl.h>

#include <cstdarg>
#include <exception>

#include <flynn/status.hpp>

namespace flynn::opencl {

/// Stays inside the module: its edge makes a Status of it.
class Failure : public std::exception {
 public:
  [[gnu::format(printf, 3, 4)]] Failure(Code code, const char* format, ...) : code_(code) {
    std::va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text_, sizeof text_, format, arguments);
    va_end(arguments);
  }
  Code code() const { return code_; }
  const char* what() const noexcept override { return text_; }

 private:
  Code code_;
  char text_[sizeof Text::message];
};

/// The name of an OpenCL error as its manual spells it.
const char* name_of_error(cl_int error);

/// Every return code goes through here. `call` is the function that returned it.
void check(cl_int error, const char* call);

/// Owns an OpenCL object.
template <class H, cl_int (*release)(H)>
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
    if (handle_) release(handle_);
  }
  H get() const { return handle_; }

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

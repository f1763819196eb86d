#pragma once
#include <cuda.h>

#include <utility>

#include <kernels/failure.hpp>

namespace flynn::cuda {

using kernels::Failure;

/// Every return code of the driver API goes through here. `call` is the function that returned it.
void check(CUresult error, const char* call);

/// Whether the error stays: every later call on the same context fails too, until the process ends.
bool is_sticky(CUresult error);

/// Owns an object of the driver API.
template <class H, CUresult (*release)(H)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(H handle) : handle_(handle) {}
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
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

using Event = Handle<CUevent, cuEventDestroy>;
using Stream = Handle<CUstream, cuStreamDestroy>;

}  // namespace flynn::cuda

// gemm by cuBLAS where it is installed. What that gains over gemm.kernel is not measured yet: this never ran on a GPU.
#include <algorithm>

#include <kernels/cuda/cublas.hpp>
#include <kernels/cuda/queue.hpp>

namespace flynn::cuda {
namespace {

/// Less is done before cuBLAS is loaded and has made its handle.
constexpr double least_flops = 2e9;

}  // namespace

cublasHandle_t Queue::cublas_handle() {
  if (lane_->blas) return lane_->blas;
  const Cublas* const library = cublas();
  if (!library || library->create(&lane_->blas) != CUBLAS_STATUS_SUCCESS) return nullptr;
  if (library->set_stream(lane_->blas, lane_->stream.get()) != CUBLAS_STATUS_SUCCESS)
    throw Failure(Code::device_failed, "cublasSetStream failed");
  return lane_->blas;
}

template <class T>
bool Queue::vendor_gemm(const Gemm<T>& w, Pointer a, Pointer b, Pointer c) {
  if (w.cost().flops < least_flops) return false;
  const cublasHandle_t handle = cublas_handle();
  if (!handle) return false;
  for (std::size_t begin = 0; begin < w.k(); begin += cublas_longest_sum) {
    kernels::go_on(execution_);
    const Range terms{begin, std::min(w.k(), begin + cublas_longest_sum)};
    const CUevent start = event_now();
    const bool done =
        multiply(*cublas(), handle, w, terms, begin == 0 ? w.beta : T(1), reinterpret_cast<const T*>(a.memory),
                 reinterpret_cast<const T*>(b.memory), reinterpret_cast<T*>(c.memory));
    if (!done && begin == 0) return false;  // the text takes over
    if (!done) throw Failure(Code::device_failed, "cuBLAS failed in the middle of a product");
    launched(start);
  }
  return true;
}

template bool Queue::vendor_gemm(const Gemm<float>&, Pointer, Pointer, Pointer);
template bool Queue::vendor_gemm(const Gemm<double>&, Pointer, Pointer, Pointer);

}  // namespace flynn::cuda

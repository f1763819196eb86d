#include <dlfcn.h>

#include <cstdint>

#include <kernels/cuda/cublas.hpp>

namespace flynn::cuda {
namespace {

template <class F>
bool find(void* library, F& function, const char* name) {
  function = reinterpret_cast<F>(dlsym(library, name));
  return function != nullptr;
}

/// Local to this module: a program may have a cuBLAS of its own.
const Cublas* open() {
  for (const char* name : {"libcublas.so.13", "libcublas.so.12"}) {
    void* const library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library) continue;
    static Cublas found;
    if (find(library, found.create, "cublasCreate_v2") && find(library, found.destroy, "cublasDestroy_v2") &&
        find(library, found.set_stream, "cublasSetStream_v2") && find(library, found.sgemm, "cublasSgemm_v2_64") &&
        find(library, found.dgemm, "cublasDgemm_v2_64"))
      return &found;
    dlclose(library);
  }
  return nullptr;
}

}  // namespace

const Cublas* cublas() {
  static const Cublas* const library = open();
  return library;
}

/// cuBLAS counts along columns, so it sees the transposed matrices, and C' = op(B)' op(A)'.
template <class T>
bool multiply(const Cublas& library, cublasHandle_t handle, const Gemm<T>& w, Range terms, T beta, const T* a,
              const T* b, T* c) {
  auto op = [](Op o) { return o == Op::none ? CUBLAS_OP_N : CUBLAS_OP_T; };
  a += terms.begin * (w.op_a == Op::none ? 1 : w.a.stride[0]);
  b += terms.begin * (w.op_b == Op::none ? w.b.stride[0] : 1);
  auto run = [&](auto gemm) {
    return gemm(handle, op(w.op_b), op(w.op_a), std::int64_t(w.n()), std::int64_t(w.m()), std::int64_t(terms.size()),
                &w.alpha, b, std::int64_t(w.b.stride[0]), a, std::int64_t(w.a.stride[0]), &beta, c,
                std::int64_t(w.c.stride[0])) == CUBLAS_STATUS_SUCCESS;
  };
  if constexpr (sizeof(T) == 4)
    return run(library.sgemm);
  else
    return run(library.dgemm);
}

template bool multiply(const Cublas&, cublasHandle_t, const Gemm<float>&, Range, float, const float*, const float*,
                       float*);
template bool multiply(const Cublas&, cublasHandle_t, const Gemm<double>&, Range, double, const double*, const double*,
                       double*);

}  // namespace flynn::cuda

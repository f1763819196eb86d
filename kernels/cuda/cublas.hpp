#pragma once
#include <cublas_v2.h>

#include <cstddef>

#include <flynn/workloads/gemm.hpp>

namespace flynn::cuda {

/// What gemm needs of cuBLAS.
struct Cublas {
  decltype(&cublasCreate_v2) create;
  decltype(&cublasDestroy_v2) destroy;
  decltype(&cublasSetStream_v2) set_stream;
  decltype(&cublasSgemm_v2_64) sgemm;
  decltype(&cublasDgemm_v2_64) dgemm;
};

/// The library, opened at the first call and never closed; null where it is not installed, or too old (12.0).
const Cublas* cublas();

/// The longest sum that it may make in one go, so that gemm keeps its error bound: a plain chain of f32 of one sign has
/// r = 99 for 65,536 terms (design.md), and that grows like the root of the length: 9 here, 16 allowed.
inline constexpr std::size_t cublas_longest_sum = 512;

/// C = alpha op(A) op(B) + beta C over some of the terms of every sum, with the matrices of `w` at a, b and c on the
/// handle's device. False when cuBLAS refused.
template <class T>
bool multiply(const Cublas& library, cublasHandle_t handle, const Gemm<T>& w, Range terms, T beta, const T* a,
              const T* b, T* c);

}  // namespace flynn::cuda

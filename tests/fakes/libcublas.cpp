// Stands for libcublas.so.13, which needs a GPU: plain loops over host memory, by cuBLAS's own declarations. Refuses
// alpha = 77.
#include <cublas_v2.h>

#include <cstdint>

namespace {

template <class T>
cublasStatus_t gemm(cublasOperation_t op_a, cublasOperation_t op_b, std::int64_t m, std::int64_t n, std::int64_t k,
                    T alpha, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c,
                    std::int64_t ldc) {
  if (alpha == T(77)) return CUBLAS_STATUS_NOT_SUPPORTED;
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t i = 0; i < m; ++i) {
      double sum = 0;
      for (std::int64_t l = 0; l < k; ++l)
        sum += double(op_a == CUBLAS_OP_N ? a[i + l * lda] : a[l + i * lda]) *
               double(op_b == CUBLAS_OP_N ? b[l + j * ldb] : b[j + l * ldb]);
      T& element = c[i + j * ldc];
      element = T(double(alpha) * sum + (beta == T(0) ? 0.0 : double(beta) * double(element)));
    }
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace

extern "C" {
cublasStatus_t cublasCreate_v2(cublasHandle_t*) { return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasDestroy_v2(cublasHandle_t) { return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSetStream_v2(cublasHandle_t, cudaStream_t) { return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSgemm_v2_64(cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, std::int64_t m,
                                 std::int64_t n, std::int64_t k, const float* alpha, const float* a, std::int64_t lda,
                                 const float* b, std::int64_t ldb, const float* beta, float* c, std::int64_t ldc) {
  return gemm(op_a, op_b, m, n, k, *alpha, a, lda, b, ldb, *beta, c, ldc);
}
cublasStatus_t cublasDgemm_v2_64(cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, std::int64_t m,
                                 std::int64_t n, std::int64_t k, const double* alpha, const double* a, std::int64_t lda,
                                 const double* b, std::int64_t ldb, const double* beta, double* c, std::int64_t ldc) {
  return gemm(op_a, op_b, m, n, k, *alpha, a, lda, b, ldb, *beta, c, ldc);
}
}

#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status gemm(const Gemm<T>&, Execution&) {
  return {Code::unsupported};
}

template Status gemm(const Gemm<float>&, Execution&);
template Status gemm(const Gemm<double>&, Execution&);

}  // namespace flynn::scalar

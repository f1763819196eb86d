#include <simd/kernels.hpp>
#include <xsimd/xsimd.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status gemm(const Gemm<T>&, Execution&) {
  return {Code::unsupported};
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status gemm<Arch>(const Gemm<float>&, Execution&);
template Status gemm<Arch>(const Gemm<double>&, Execution&);

}  // namespace flynn::simd

#include <simd/kernels.hpp>
#include <xsimd/xsimd.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status factorize(const Factorize<T>&, Execution&) {
  return {Code::unsupported};
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status factorize<Arch>(const Factorize<std::uint64_t>&, Execution&);

}  // namespace flynn::simd

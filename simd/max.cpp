#include <simd/extremum.hpp>
#include <simd/kernels.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status max(const Max<T>& w, Execution& execution) {
  return extremum<Arch, false>(w.x, execution, w.result[0]);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status max<Arch>(const Max<float>&, Execution&);
template Status max<Arch>(const Max<double>&, Execution&);
template Status max<Arch>(const Max<std::int32_t>&, Execution&);
template Status max<Arch>(const Max<std::uint32_t>&, Execution&);
template Status max<Arch>(const Max<std::int64_t>&, Execution&);
template Status max<Arch>(const Max<std::uint64_t>&, Execution&);

}  // namespace flynn::simd

#include <simd/extremum.hpp>
#include <simd/kernels.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status min(const Min<T>& w, Execution& execution) {
  return extremum<Arch, true>(w.x, execution, w.result[0]);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status min<Arch>(const Min<float>&, Execution&);
template Status min<Arch>(const Min<double>&, Execution&);
template Status min<Arch>(const Min<std::int32_t>&, Execution&);
template Status min<Arch>(const Min<std::uint32_t>&, Execution&);
template Status min<Arch>(const Min<std::int64_t>&, Execution&);
template Status min<Arch>(const Min<std::uint64_t>&, Execution&);

}  // namespace flynn::simd

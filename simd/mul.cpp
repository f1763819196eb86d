#include <simd/kernels.hpp>
#include <simd/map.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status mul(const Mul<T>& w, Execution& execution) {
  return map<Arch>([a = w.a](auto x) { return a * x; }, execution, w.y, w.x);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status mul<Arch>(const Mul<float>&, Execution&);
template Status mul<Arch>(const Mul<double>&, Execution&);

}  // namespace flynn::simd

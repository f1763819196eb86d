#include <simd/kernels.hpp>
#include <simd/map.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status triad(const Triad<T>& w, Execution& execution) {
  return map<Arch>([a = w.a](auto x, auto y) { return x + a * y; }, execution, w.z, w.x, w.y);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status triad<Arch>(const Triad<float>&, Execution&);
template Status triad<Arch>(const Triad<double>&, Execution&);

}  // namespace flynn::simd

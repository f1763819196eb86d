#include <simd/kernels.hpp>
#include <simd/map.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status axpy(const Axpy<T>& w, Execution& execution) {
  return map<Arch>([a = w.a](auto x, auto y) { return a * x + y; }, execution, w.y, w.x, w.y);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status axpy<Arch>(const Axpy<float>&, Execution&);
template Status axpy<Arch>(const Axpy<double>&, Execution&);

}  // namespace flynn::simd

#include <simd/kernels.hpp>
#include <simd/map.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status copy(const Copy<T>& w, Execution& execution) {
  return map<Arch>([](auto x) { return x; }, execution, w.y, w.x);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status copy<Arch>(const Copy<float>&, Execution&);
template Status copy<Arch>(const Copy<double>&, Execution&);

}  // namespace flynn::simd

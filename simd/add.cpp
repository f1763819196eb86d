#include <simd/kernels.hpp>
#include <simd/map.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status add(const Add<T>& w, Execution& execution) {
  return map<Arch>([](auto x, auto y) { return x + y; }, execution, w.z, w.x, w.y);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status add<Arch>(const Add<float>&, Execution&);
template Status add<Arch>(const Add<double>&, Execution&);

}  // namespace flynn::simd

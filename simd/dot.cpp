#include <simd/kernels.hpp>
#include <simd/tree.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status dot(const Dot<T>& w, Execution& execution) {
  return tree_sum<Arch>([](auto x, auto y) { return x * y; }, w.result[0], execution, w.x, w.y);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status dot<Arch>(const Dot<float>&, Execution&);
template Status dot<Arch>(const Dot<double>&, Execution&);

}  // namespace flynn::simd

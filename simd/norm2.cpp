#include <simd/kernels.hpp>
#include <simd/tree.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status norm2(const Norm2<T>& w, Execution& execution) {
  return tree_sum<Arch>([](auto x) { return x * x; }, w.result[0], execution, w.x);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status norm2<Arch>(const Norm2<float>&, Execution&);
template Status norm2<Arch>(const Norm2<double>&, Execution&);

}  // namespace flynn::simd

#include <simd/kernels.hpp>
#include <simd/tree.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status sum(const Sum<T>& w, Execution& execution) {
  return tree_sum<Arch>([](auto x) { return x; }, w.result[0], execution, w.x);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status sum<Arch>(const Sum<float>&, Execution&);
template Status sum<Arch>(const Sum<double>&, Execution&);
template Status sum<Arch>(const Sum<std::int32_t>&, Execution&);
template Status sum<Arch>(const Sum<std::uint32_t>&, Execution&);
template Status sum<Arch>(const Sum<std::int64_t>&, Execution&);
template Status sum<Arch>(const Sum<std::uint64_t>&, Execution&);

}  // namespace flynn::simd

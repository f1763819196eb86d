#include <cpu_fallback/kernels.hpp>
#include <cpu_fallback/tree.hpp>

namespace flynn::scalar {

template <class T>
Status sum(const Sum<T>& w, Execution& execution) {
  return tree_sum<SumOf<T>>(
      w.x.size(), [&](std::size_t i) { return SumOf<T>(w.x[i]); }, w.result[0], execution);
}

template Status sum(const Sum<float>&, Execution&);
template Status sum(const Sum<double>&, Execution&);
template Status sum(const Sum<std::int32_t>&, Execution&);
template Status sum(const Sum<std::uint32_t>&, Execution&);
template Status sum(const Sum<std::int64_t>&, Execution&);
template Status sum(const Sum<std::uint64_t>&, Execution&);

}  // namespace flynn::scalar

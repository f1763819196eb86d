#include <simd/integer_sum.hpp>
#include <simd/kernels.hpp>
#include <simd/tree.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status sum(const Sum<T>& w, Execution& execution) {
  if constexpr (std::is_floating_point_v<T>) {
    return tree_sum<Arch>([](auto x) { return x; }, w.result[0], execution, w.x);
  } else {
    SumOf<T> total = 0;
    const Status status = in_chunks(w.x.size(), execution, [&](std::size_t begin, std::size_t end) {
      const T* const x = w.x.data + begin;
      total = wrapping_add(total, reads_in_turn(execution) ? integer_sum<Arch, true>(x, end - begin)
                                                           : integer_sum<Arch, false>(x, end - begin));
    });
    w.result[0] = total;
    return status;
  }
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status sum<Arch>(const Sum<float>&, Execution&);
template Status sum<Arch>(const Sum<double>&, Execution&);
template Status sum<Arch>(const Sum<std::int32_t>&, Execution&);
template Status sum<Arch>(const Sum<std::uint32_t>&, Execution&);
template Status sum<Arch>(const Sum<std::int64_t>&, Execution&);
template Status sum<Arch>(const Sum<std::uint64_t>&, Execution&);

}  // namespace flynn::simd

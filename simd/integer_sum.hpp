#pragma once
#include <xsimd/xsimd.hpp>

#include <flynn/tree.hpp>
#include <simd/read.hpp>

namespace flynn::simd {
namespace detail {

/// Keeps a value that is used twice in a register: GCC 12 would rather read it from memory again.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE xsimd::batch<T, Arch> in_register(xsimd::batch<T, Arch> v) {
#if defined(__AVX512F__)
  asm("" : "+v"(v.data));
#elif defined(__SSE2__)
  asm("" : "+x"(v.data));
#endif
  return v;
}

/// The sum of all lanes of what were four vectors of 64-bit sums.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE std::uint64_t sum_of_lanes(const xsimd::batch<T, Arch>& whole) {
  using V = xsimd::batch<T, Arch>;
  alignas(V) T lane[V::size];
  whole.store_aligned(lane);
  std::uint64_t sum = 0;
  for (T s : lane) sum += std::uint64_t(s);
  return sum;
}

/// The same in 32 bits each, `whole` modulo 2^32 and `high` the exact sum of the upper 16 bits. The lower ones sum up
/// to whole - 2^16 high modulo 2^32, and, being at most 2^16 numbers of 16 bits, exactly.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE std::uint64_t sum_of_lanes(const xsimd::batch<T, Arch>& whole, const xsimd::batch<T, Arch>& high) {
  using V = xsimd::batch<T, Arch>;
  alignas(V) T wholes[V::size], highs[V::size];
  whole.store_aligned(wholes);
  high.store_aligned(highs);
  std::uint64_t sum = 0;
  for (std::size_t j = 0; j < V::size; ++j)
    sum += (std::uint64_t(SumOf<T>(highs[j])) << 16) +
           std::uint32_t(std::uint32_t(wholes[j]) - (std::uint32_t(highs[j]) << 16));
  return sum;
}

}  // namespace detail

/// The sum of at most 2^18 integers of 32 or 64 bits in 64 bits, which wraps.
template <class Arch, bool from_memory, class T>
SumOf<T> integer_sum(const T* x, std::size_t n) {
  using V = xsimd::batch<T, Arch>;
  static_assert(sizeof(T) == 8 || V::size >= 4);  // 2^16 numbers a lane
  const V zero(T(0));
  V whole[4] = {zero, zero, zero, zero}, high[4] = {zero, zero, zero, zero};
  auto add = [&](std::size_t j, const V& read) {
    if constexpr (sizeof(T) == 4) {  // three instructions a vector; widening to 64 bits takes five
      const V v = detail::in_register<Arch, T>(read);
      whole[j] = whole[j] + v;
      high[j] = high[j] + (v >> 16);
    } else {
      whole[j] = whole[j] + read;
    }
  };
  std::size_t i = read_vectors<Arch, from_memory>(
      x, n, [&](const V& a, const V& b, const V& c, const V& d) { add(0, a), add(1, b), add(2, c), add(3, d); });
  const V wholes = (whole[0] + whole[1]) + (whole[2] + whole[3]);
  std::uint64_t sum;
  if constexpr (sizeof(T) == 4)
    sum = detail::sum_of_lanes<Arch, T>(wholes, (high[0] + high[1]) + (high[2] + high[3]));
  else
    sum = detail::sum_of_lanes<Arch, T>(wholes);
  for (; i < n; ++i) sum += std::uint64_t(SumOf<T>(x[i]));
  return SumOf<T>(sum);
}

}  // namespace flynn::simd

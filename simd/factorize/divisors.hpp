#pragma once
// Greatest common divisors of whole lanes.

#include <cpu_fallback/number_theory.hpp>
#include <simd/factorize/lanes.hpp>

namespace flynn::simd {

#if defined(__AVX512CD__)
namespace detail {
/// Stein's algorithm, in four vectors at once: one alone would wait for its own latency. A lane is done when its x is
/// 0.
template <class Arch>
void gcd_odd_in_lanes(std::uint64_t* a, const std::uint64_t* b) {
  constexpr std::size_t chains = 4, lanes = U64<Arch>::size;
  __m512i x[chains], y[chains];
  __mmask8 open[chains], any = 0;
#pragma GCC unroll 4
  for (std::size_t k = 0; k < chains; ++k) {
    x[k] = U64<Arch>::load_unaligned(a + k * lanes);
    y[k] = U64<Arch>::load_unaligned(b + k * lanes);
    open[k] = _mm512_test_epi64_mask(x[k], x[k]);
    any = static_cast<__mmask8>(any | open[k]);
  }
  while (any != 0) {
    any = 0;
#pragma GCC unroll 4
    for (std::size_t k = 0; k < chains; ++k) {
      const __m512i lowest = _mm512_and_epi64(x[k], _mm512_sub_epi64(_mm512_setzero_si512(), x[k]));
      const __m512i twos = _mm512_sub_epi64(_mm512_set1_epi64(63), _mm512_lzcnt_epi64(lowest));
      const __m512i odd = _mm512_srlv_epi64(x[k], twos), less = _mm512_min_epu64(odd, y[k]);
      x[k] = _mm512_maskz_sub_epi64(open[k], _mm512_max_epu64(odd, y[k]), less);
      y[k] = _mm512_mask_mov_epi64(y[k], open[k], less);
      open[k] = _mm512_test_epi64_mask(x[k], x[k]);
      any = static_cast<__mmask8>(any | open[k]);
    }
  }
#pragma GCC unroll 4
  for (std::size_t k = 0; k < chains; ++k) U64<Arch>(y[k]).store_unaligned(a + k * lanes);
}
}  // namespace detail
#endif

/// a[i] becomes the greatest common divisor of a[i] and the odd b[i], for i < count; there is room for a multiple
/// of 32.
template <class Arch>
void gcd_odd(std::uint64_t* a, const std::uint64_t* b, std::size_t count) {
#if defined(__AVX512CD__)
  for (std::size_t i = 0; i < count; i += 4 * U64<Arch>::size) detail::gcd_odd_in_lanes<Arch>(a + i, b + i);
#else
  for (std::size_t i = 0; i < count; ++i) a[i] = scalar::gcd_odd(a[i], b[i]);
#endif
}

}  // namespace flynn::simd

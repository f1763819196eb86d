#pragma once
// How lanes calculate modulo numbers of their own: curves and primality tests are written for any of these.

#include <simd/factorize/montgomery64.hpp>

namespace flynn::simd {

#if defined(__FMA__) || defined(__aarch64__)

namespace detail {
// xsimd 8.1 has no fused product on AVX-512: there its fma() rounds twice.
#if defined(__AVX2__)
template <class V>
FLYNN_ALWAYS_INLINE V fused_subtract(const V& a, const V& b, const V& c, xsimd::avx2) {
  return {_mm256_fmsub_pd(a, b, c)};
}
template <class V>
FLYNN_ALWAYS_INLINE V fused_subtract_from(const V& c, const V& a, const V& b, xsimd::avx2) {
  return {_mm256_fnmadd_pd(a, b, c)};
}
#endif
#if defined(__AVX512F__)
template <class V>
FLYNN_ALWAYS_INLINE V fused_subtract(const V& a, const V& b, const V& c, xsimd::avx512f) {
  return {_mm512_fmsub_pd(a, b, c)};
}
template <class V>
FLYNN_ALWAYS_INLINE V fused_subtract_from(const V& c, const V& a, const V& b, xsimd::avx512f) {
  return {_mm512_fnmadd_pd(a, b, c)};
}
#endif
#if defined(__aarch64__)
template <class V>
FLYNN_ALWAYS_INLINE V fused_subtract(const V& a, const V& b, const V& c, xsimd::neon64) {
  return {vfmaq_f64(vnegq_f64(c), a, b)};
}
template <class V>
FLYNN_ALWAYS_INLINE V fused_subtract_from(const V& c, const V& a, const V& b, xsimd::neon64) {
  return {vfmsq_f64(c, a, b)};
}
#endif
}  // namespace detail

/// Arithmetic modulo n < 2^48, one in each lane, on doubles with fused products: 6 instructions where Montgomery64
/// needs 45. Values are integers of either sign, up to n after a product; sums are not reduced. A product may take
/// operands whose bounds multiply to 4 n^2, so those of sums of two products each.
///
/// Why it is exact: h + l = a b without error, |h| <= 4 n^2 < 2^98. Three roundings lie between h / n < 2^50 and the
/// quotient q, so q is off by at most 1/2 + 3 * 2^50 / 2^53 < 0.9, and |h - q n| < 0.9 n, an integer below 2^48, has no
/// error either. Nor has its sum with |l| <= 2^45: together they are below n for n > 2^47, and for smaller n the
/// roundings are smaller, too.
template <class Arch>
struct DoubleModulus {
  using V = xsimd::batch<double, Arch>;
  V n, reciprocal, one = V(1.0);

  FLYNN_ALWAYS_INLINE void load(const std::uint64_t* moduli) {
    alignas(64) double lanes[V::size];
    for (std::size_t j = 0; j < V::size; ++j) lanes[j] = static_cast<double>(moduli[j]);
    n = V::load_aligned(lanes);
    reciprocal = one / n;
  }
  FLYNN_ALWAYS_INLINE V mul(const V& a, const V& b) const {
    const V high = a * b, low = detail::fused_subtract(a, b, high, Arch{});
    return detail::fused_subtract_from(high, xsimd::nearbyint(high * reciprocal), n, Arch{}) + low;
  }
  FLYNN_ALWAYS_INLINE V square(const V& a) const { return mul(a, a); }
  FLYNN_ALWAYS_INLINE V add(const V& a, const V& b) const { return a + b; }
  FLYNN_ALWAYS_INLINE V sub(const V& a, const V& b) const { return a - b; }
  FLYNN_ALWAYS_INLINE V enter(unsigned x) const { return V(x); }

  /// All bits of the lanes where a, a product or 1, is b modulo n; 0 <= b < n.
  FLYNN_ALWAYS_INLINE U64<Arch> equal(const V& a, const V& b) const {
    return xsimd::bitwise_cast<U64<Arch>>(xsimd::bitwise_cast((a == b) | (a == b - n)));
  }
  /// a where the lane of mask has all bits, b where it has none.
  FLYNN_ALWAYS_INLINE static V select(const U64<Arch>& mask, const V& a, const V& b) {
    const auto bits_a = xsimd::bitwise_cast<U64<Arch>>(a), bits_b = xsimd::bitwise_cast<U64<Arch>>(b);
    return xsimd::bitwise_cast<V>((bits_a & mask) | (bits_b & ~mask));
  }
  /// Writes integers that have the same divisors in common with n.
  FLYNN_ALWAYS_INLINE void store(const V& x, std::uint64_t* to) const {
    alignas(64) double lanes[V::size];
    xsimd::abs(x).store_aligned(lanes);
    for (std::size_t j = 0; j < V::size; ++j) to[j] = static_cast<std::uint64_t>(lanes[j]);
  }
};

/// What numbers below middle_limit are treated with: doubles where products can be fused.
template <class Arch>
using MiddleModulus = DoubleModulus<Arch>;

#else

template <class Arch>
using MiddleModulus = Montgomery64<Arch>;

#endif

}  // namespace flynn::simd

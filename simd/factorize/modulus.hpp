#pragma once
// How lanes calculate modulo numbers of their own: curves and primality tests are written for any of these.

#include <simd/factorize/ifma.hpp>
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
///
/// `corrected`, for n < 2^52: products are reduced once more, to n / 2 of either sign, and a product takes operands up
/// to n, so sums of two products each. Then h / n <= n < 2^52, the two roundings after h put q off by at most 1/2 + 1,
/// and |h - q n| <= 1.5 n has no error, nor has its sum with |l| <= 2^50.
template <class Arch_, bool corrected>
struct DoubleModulus {
  using Arch = Arch_;
  using V = xsimd::batch<double, Arch>;
  static constexpr std::size_t lanes = V::size;
  static constexpr unsigned ways = 4;
  V n, reciprocal, one = V(1.0);

  FLYNN_ALWAYS_INLINE void load(const std::uint64_t* moduli) {
    alignas(64) double values[V::size];
    for (std::size_t j = 0; j < V::size; ++j) values[j] = static_cast<double>(moduli[j]);
    n = V::load_aligned(values);
    reciprocal = one / n;
  }
  FLYNN_ALWAYS_INLINE V mul(const V& a, const V& b) const {
    const V high = a * b, low = detail::fused_subtract(a, b, high, Arch{});
    const V rest = detail::fused_subtract_from(high, xsimd::nearbyint(high * reciprocal), n, Arch{}) + low;
    if constexpr (corrected) return detail::fused_subtract_from(rest, xsimd::nearbyint(rest * reciprocal), n, Arch{});
    return rest;
  }
  FLYNN_ALWAYS_INLINE V square(const V& a) const { return mul(a, a); }
  FLYNN_ALWAYS_INLINE V add(const V& a, const V& b) const { return a + b; }
  FLYNN_ALWAYS_INLINE V sub(const V& a, const V& b) const { return a - b; }
  FLYNN_ALWAYS_INLINE V enter(unsigned x) const { return V(x); }

  using Base = V;
  FLYNN_ALWAYS_INLINE Base base(unsigned x) const { return V(x); }
  FLYNN_ALWAYS_INLINE V times_base(const V& x, const Base& b, const U64<Arch>& mask) const {
    const auto yes = xsimd::bitwise_cast<U64<Arch>>(mul(x, b)), no = xsimd::bitwise_cast<U64<Arch>>(x);
    return xsimd::bitwise_cast<V>((yes & mask) | (no & ~mask));
  }
  FLYNN_ALWAYS_INLINE U64<Arch> is_one(const V& x) const { return equal(x, one); }
  FLYNN_ALWAYS_INLINE U64<Arch> is_minus_one(const V& x) const { return equal(x, n - one); }
  /// Writes integers that have the same divisors in common with n.
  FLYNN_ALWAYS_INLINE void store(const V& x, std::uint64_t* to) const {
    alignas(64) double values[V::size];
    xsimd::abs(x).store_aligned(values);
    for (std::size_t j = 0; j < V::size; ++j) to[j] = static_cast<std::uint64_t>(values[j]);
  }

 private:
  /// All bits of the lanes where a, a product or 1, is b modulo n; 0 <= b < n.
  FLYNN_ALWAYS_INLINE static U64<Arch> equal_bits(const xsimd::batch_bool<double, Arch>& mask) {
    return xsimd::bitwise_cast<U64<Arch>>(xsimd::bitwise_cast(mask));
  }
  FLYNN_ALWAYS_INLINE U64<Arch> equal(const V& a, const V& b) const { return equal_bits((a == b) | (a == b - n)); }
};

#endif

/// Two vectors as one, each with its moduli: a curve in one vector would wait for the latency of its own products.
template <class Modulus>
struct TwoVectors {
  using Arch = typename Modulus::Arch;
  static constexpr std::size_t lanes = 2 * Modulus::lanes;
  struct V {
    typename Modulus::V a, b;
  };
  Modulus a, b;
  V one;

  FLYNN_ALWAYS_INLINE void load(const std::uint64_t* moduli) {
    a.load(moduli);
    b.load(moduli + Modulus::lanes);
    one = {a.one, b.one};
  }
  FLYNN_ALWAYS_INLINE V mul(const V& x, const V& y) const { return {a.mul(x.a, y.a), b.mul(x.b, y.b)}; }
  FLYNN_ALWAYS_INLINE V square(const V& x) const { return {a.square(x.a), b.square(x.b)}; }
  FLYNN_ALWAYS_INLINE V add(const V& x, const V& y) const { return {a.add(x.a, y.a), b.add(x.b, y.b)}; }
  FLYNN_ALWAYS_INLINE V sub(const V& x, const V& y) const { return {a.sub(x.a, y.a), b.sub(x.b, y.b)}; }
  FLYNN_ALWAYS_INLINE V enter(unsigned x) const { return {a.enter(x), b.enter(x)}; }
  FLYNN_ALWAYS_INLINE void store(const V& x, std::uint64_t* to) const {
    a.store(x.a, to);
    b.store(x.b, to + Modulus::lanes);
  }
};

/// `ways` of them as one: how many a curve needs until the multipliers are busy is a constant of each arithmetic.
template <class Modulus, unsigned ways = Modulus::ways>
struct Several {
  using type = TwoVectors<typename Several<Modulus, ways / 2>::type>;
};
template <class Modulus>
struct Several<Modulus, 1> {
  using type = Modulus;
};

/// What numbers of each width are treated with.
#if defined(__AVX512IFMA__)
template <class Arch>
using MiddleModulus = Modulus52<Arch, true>;
template <class Arch>
using BroadModulus = Modulus52<Arch, false>;
template <class Arch>
using WideModulus = Modulus104<Arch>;
#else
#if defined(__FMA__) || defined(__aarch64__)
template <class Arch>
using MiddleModulus = DoubleModulus<Arch, false>;
template <class Arch>
using BroadModulus = DoubleModulus<Arch, true>;
#else
template <class Arch>
using MiddleModulus = Montgomery64<Arch>;
template <class Arch>
using BroadModulus = Montgomery64<Arch>;
#endif
template <class Arch>
using WideModulus = Montgomery64<Arch>;
#endif

}  // namespace flynn::simd

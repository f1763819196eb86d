#pragma once
// Arithmetic modulo n with the 52-bit multiplies of AVX-512 IFMA: one limb for n below 2^52, two for all n below 2^64.
// The reduction is Montgomery's with the positive inverse: the low halves of a b and q n are equal, so the difference
// of the high halves needs no carry from them.

#include <simd/factorize/lanes.hpp>

#if defined(__AVX512IFMA__)

namespace flynn::simd {

/// sum + the low 52 bits of the product of the low 52 bits of a and b; the higher bits of a and b do not count.
template <class Arch>
FLYNN_ALWAYS_INLINE U64<Arch> add_low52(const U64<Arch>& sum, const U64<Arch>& a, const U64<Arch>& b) {
  return {_mm512_madd52lo_epu64(sum, a, b)};
}
/// sum + bits 52 to 103 of that product.
template <class Arch>
FLYNN_ALWAYS_INLINE U64<Arch> add_high52(const U64<Arch>& sum, const U64<Arch>& a, const U64<Arch>& b) {
  return {_mm512_madd52hi_epu64(sum, a, b)};
}
/// floor(x / 2^52), rounded down for negative x too.
template <class Arch>
FLYNN_ALWAYS_INLINE U64<Arch> carry52(const U64<Arch>& x) {
  return {_mm512_srai_epi64(x, 52)};
}
/// The lesser one: of x and x - n, or of x and x + n, where one of the two is negative and so wraps, that in [0, n).
template <class Arch>
FLYNN_ALWAYS_INLINE U64<Arch> least(const U64<Arch>& a, const U64<Arch>& b) {
  return {_mm512_min_epu64(a, b)};
}
/// The inverse of odd n modulo 2^52; the higher bits are without meaning.
template <class Arch>
FLYNN_ALWAYS_INLINE U64<Arch> inverse52(const U64<Arch>& n) {
  const U64<Arch> zero(std::uint64_t{0}), two(std::uint64_t{2});
  U64<Arch> inverse = (n + n + n) ^ two;  // right in 5 bits, and each step of Newton doubles them
  for (int bits = 5; bits < 52; bits *= 2)
    inverse = add_low52<Arch>(zero, inverse, two - add_low52<Arch>(zero, n, inverse));
  return inverse;
}

/// Arithmetic modulo odd n on values x 2^52 mod n: 4 multiplies for a product. For n < 2^48 products are left in
/// [0, 2n) and sums are not reduced (`lazy`): a product may take operands whose bounds multiply to 16 n^2 < 2^52 n. For
/// other n < 2^52 everything is in [0, n). The second operand of sub() is a product or a constant.
template <class Arch_, bool lazy>
struct Modulus52 {
  using Arch = Arch_;
  using V = U64<Arch>;
  static constexpr std::size_t lanes = V::size;
  static constexpr unsigned ways = 2;
  V n, inverse, one;

  FLYNN_ALWAYS_INLINE void load(const std::uint64_t* moduli) {
    n = V::load_unaligned(moduli);
    inverse = inverse52<Arch>(n);
    // The quotient of 2^52 by n, rounded to the nearest double, is at most 1 too large.
    const V quotient = _mm512_cvttpd_epu64(_mm512_div_pd(_mm512_set1_pd(0x1p52), _mm512_cvtepu64_pd(n)));
    const V rest = V(std::uint64_t{1} << 52) - V(_mm512_mullo_epi64(quotient, n));
    one = least<Arch>(rest, rest + n);
  }
  FLYNN_ALWAYS_INLINE V mul(const V& a, const V& b) const {
    const V zero(std::uint64_t{0});
    const V quotient = add_low52<Arch>(zero, add_low52<Arch>(zero, a, b), inverse);
    const V taken = add_high52<Arch>(zero, quotient, n);
    if constexpr (lazy) return add_high52<Arch>(n, a, b) - taken;
    const V difference = add_high52<Arch>(zero, a, b) - taken;
    return least<Arch>(difference, difference + n);
  }
  FLYNN_ALWAYS_INLINE V square(const V& a) const { return mul(a, a); }
  FLYNN_ALWAYS_INLINE V add(const V& a, const V& b) const {
    const V sum = a + b;
    if constexpr (lazy) return sum;
    return least<Arch>(sum, sum - n);
  }
  FLYNN_ALWAYS_INLINE V sub(const V& a, const V& b) const {
    const V difference = a - b;
    if constexpr (lazy) return difference + (n + n);
    return least<Arch>(difference, difference + n);
  }
  FLYNN_ALWAYS_INLINE V enter(unsigned x) const {
    V sum = one;
    for (int bit = 30 - __builtin_clz(x); bit >= 0; --bit) {
      sum = canonical(sum + sum);
      if (x >> bit & 1) sum = canonical(sum + one);
    }
    return sum;
  }

  using Base = V;
  FLYNN_ALWAYS_INLINE Base base(unsigned x) const { return enter(x); }
  FLYNN_ALWAYS_INLINE V times_base(const V& x, const Base& b, const U64<Arch>& mask) const {
    return pick(mask != V(std::uint64_t{0}), mul(x, b), x);
  }
  /// In [0, n), for products.
  FLYNN_ALWAYS_INLINE V canonical(const V& x) const { return least<Arch>(x, x - n); }
  FLYNN_ALWAYS_INLINE U64<Arch> is_one(const V& x) const { return all_bits(canonical(x) == one); }
  FLYNN_ALWAYS_INLINE U64<Arch> is_minus_one(const V& x) const { return all_bits(canonical(x) == n - one); }
  FLYNN_ALWAYS_INLINE void store(const V& x, std::uint64_t* to) const { canonical(x).store_unaligned(to); }
};

/// Two limbs of 52 bits, the second small.
template <class Arch>
struct TwoLimbs {
  U64<Arch> low, high;
};

/// Arithmetic modulo odd n, 2^40 < n < 2^64, on values x 2^104 mod n. Products are in (0, 2n), and operands may have up
/// to 76 bits, so sums are not reduced. A difference may be an operand of a product only, and its second operand is a
/// product or a constant.
template <class Arch_>
struct Modulus104 {
  using Arch = Arch_;
  using Lanes = U64<Arch>;
  using V = TwoLimbs<Arch>;
  static constexpr std::size_t lanes = Lanes::size;
  static constexpr unsigned ways = 2;
  Lanes low, high, inverse;  ///< n in two limbs; n * inverse = 1 modulo 2^52
  V one;

  FLYNN_ALWAYS_INLINE void load(const std::uint64_t* moduli) {
    alignas(64) std::uint64_t remainders[lanes];
    for (std::size_t j = 0; j < lanes; ++j) {  // 2^104 mod n; the quotient fits since n > 2^40
      std::uint64_t quotient = 0, rest = std::uint64_t{1} << 40;
      __asm__("divq %2" : "+a"(quotient), "+d"(rest) : "r"(moduli[j]) : "cc");
      remainders[j] = rest;
    }
    const V n = limbs(Lanes::load_unaligned(moduli));
    low = n.low;
    high = n.high;
    inverse = inverse52<Arch>(low);
    one = limbs(Lanes::load_aligned(remainders));
  }
  FLYNN_ALWAYS_INLINE V mul(const V& a, const V& b) const {
    const Lanes zero(std::uint64_t{0}), product = add_low52<Arch>(zero, a.low, b.low);
    Lanes middle = add_high52<Arch>(zero, a.low, b.low), top = add_low52<Arch>(low, a.high, b.high);
    middle = add_low52<Arch>(add_low52<Arch>(middle, a.low, b.high), a.high, b.low);
    top = add_high52<Arch>(add_high52<Arch>(top, a.low, b.high), a.high, b.low);
    return reduce(product, middle, top);
  }
  FLYNN_ALWAYS_INLINE V square(const V& a) const {
    const Lanes zero(std::uint64_t{0}), twice = a.high + a.high, product = add_low52<Arch>(zero, a.low, a.low);
    const Lanes middle = add_low52<Arch>(add_high52<Arch>(zero, a.low, a.low), a.low, twice);
    const Lanes top = add_high52<Arch>(add_low52<Arch>(low, a.high, a.high), a.low, twice);
    return reduce(product, middle, top);
  }
  FLYNN_ALWAYS_INLINE V add(const V& a, const V& b) const { return carried(a.low + b.low, a.high + b.high); }
  FLYNN_ALWAYS_INLINE V sub(const V& a, const V& b) const {
    const Lanes difference = a.low - b.low + (low + low);
    return {difference, a.high - b.high + (high + high) + carry52<Arch>(difference)};
  }
  FLYNN_ALWAYS_INLINE V enter(unsigned x) const { return mul(times_small(one, Lanes(x)), one); }

  using Base = Lanes;
  FLYNN_ALWAYS_INLINE Base base(unsigned x) const { return Lanes(x); }
  /// Not reduced.
  FLYNN_ALWAYS_INLINE V times_base(const V& x, const Base& b, const Lanes& mask) const {
    return times_small(x, pick(mask != Lanes(std::uint64_t{0}), b, Lanes(std::uint64_t{1})));
  }
  FLYNN_ALWAYS_INLINE Lanes is_one(const V& x) const { return all_bits(number(mul(x, one)) == number(one)); }
  FLYNN_ALWAYS_INLINE Lanes is_minus_one(const V& x) const {
    return all_bits(number(mul(x, one)) == joined({low, high}) - number(one));
  }
  FLYNN_ALWAYS_INLINE void store(const V& x, std::uint64_t* to) const { number(x).store_unaligned(to); }

 private:
  FLYNN_ALWAYS_INLINE static Lanes mask() { return Lanes((std::uint64_t{1} << 52) - 1); }
  FLYNN_ALWAYS_INLINE static V limbs(const Lanes& x) { return {x & mask(), x >> 52}; }
  FLYNN_ALWAYS_INLINE static Lanes joined(const V& x) { return x.low | (x.high << 52); }
  FLYNN_ALWAYS_INLINE static V carried(const Lanes& x_low, const Lanes& x_high) {
    return {x_low & mask(), x_high + carry52<Arch>(x_low)};
  }
  /// x of at most 76 bits, y of at most 12.
  FLYNN_ALWAYS_INLINE static V times_small(const V& x, const Lanes& y) {
    const Lanes zero(std::uint64_t{0});
    return {add_low52<Arch>(zero, x.low, y), add_low52<Arch>(add_high52<Arch>(zero, x.low, y), x.high, y)};
  }
  /// (product + 2^52 middle + 2^104 (top - n)) / 2^104 mod n, plus n: q0 and q1 are the limbs of the quotient. The low
  /// limbs of what is divided and of q n are equal and need not be known.
  FLYNN_ALWAYS_INLINE V reduce(const Lanes& product, const Lanes& middle, const Lanes& top) const {
    const Lanes zero(std::uint64_t{0}), q0 = add_low52<Arch>(zero, product, inverse);
    const Lanes rest = middle - add_low52<Arch>(add_high52<Arch>(zero, q0, low), q0, high);
    const Lanes q1 = add_low52<Arch>(zero, rest, inverse);
    const Lanes borrow = carry52<Arch>(rest - add_low52<Arch>(zero, q1, low));
    const Lanes taken = add_low52<Arch>(add_high52<Arch>(add_high52<Arch>(zero, q0, high), q1, low), q1, high);
    return carried(top - taken + borrow, high - add_high52<Arch>(zero, q1, high));
  }
  /// A product in [0, n).
  FLYNN_ALWAYS_INLINE Lanes number(const V& x) const {
    const Lanes rest = x.low - low, over = x.high - high + carry52<Arch>(rest);
    const auto negative = (over >> 63) != Lanes(std::uint64_t{0});
    return pick(negative, joined(x), joined({rest & mask(), over}));
  }
};

}  // namespace flynn::simd

#endif

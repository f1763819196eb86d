#pragma once
#include <simd/factorize/lanes.hpp>

namespace flynn::simd {

/// Arithmetic modulo odd n < 2^64, one in each lane, on values in Montgomery form: x * 2^64 mod n, in [0, n).
template <class Arch_>
struct Montgomery64 {
  using Arch = Arch_;
  using V = U64<Arch>;
  static constexpr std::size_t lanes = V::size;
  static constexpr unsigned ways = 2;
  V n, n_high;              ///< n and its high half
  V inverse, inverse_high;  ///< n * inverse = 1 modulo 2^64
  V one;                    ///< 2^64 mod n

  FLYNN_ALWAYS_INLINE void load(const std::uint64_t* moduli) {
    alignas(64) std::uint64_t remainders[V::size];
    for (std::size_t j = 0; j < V::size; ++j) remainders[j] = -moduli[j] % moduli[j];
    n = V::load_unaligned(moduli);
    n_high = n >> 32;
    one = V::load_aligned(remainders);
    inverse = n;  // right in 3 bits, and each step of Newton doubles them
    for (int bits = 3; bits < 64; bits *= 2)
      inverse = mul_low(inverse, inverse >> 32, V(2) - mul_low(n, n_high, inverse));
    inverse_high = inverse >> 32;
  }
  /// a * b / 2^64 mod n: the difference of two high halves, whose low halves are equal.
  FLYNN_ALWAYS_INLINE V mul(const V& a, const V& b) const {
    const V a_high = a >> 32, b_high = b >> 32;
    return reduce(mul32<Arch>(a, b), mul32<Arch>(a, b_high), mul32<Arch>(a_high, b), mul32<Arch>(a_high, b_high));
  }
  FLYNN_ALWAYS_INLINE V square(const V& a) const {
    const V a_high = a >> 32, cross = mul32<Arch>(a, a_high);
    return reduce(mul32<Arch>(a, a), cross, cross, mul32<Arch>(a_high, a_high));
  }
  FLYNN_ALWAYS_INLINE V add(const V& a, const V& b) const { return sub(a, n - b); }
  /// b may be n.
  FLYNN_ALWAYS_INLINE V sub(const V& a, const V& b) const {
    const V difference = a - b;
    return pick(a < b, difference + n, difference);
  }
  /// A small number into Montgomery form, by doubling and adding.
  FLYNN_ALWAYS_INLINE V enter(unsigned x) const {
    V sum = one;
    for (int bit = 30 - __builtin_clz(x); bit >= 0; --bit) {
      sum = add(sum, sum);
      if (x >> bit & 1) sum = add(sum, one);
    }
    return sum;
  }

  using Base = V;
  FLYNN_ALWAYS_INLINE Base base(unsigned x) const { return enter(x); }
  /// x times the base in the lanes whose mask has all bits, x where it has none.
  FLYNN_ALWAYS_INLINE V times_base(const V& x, const Base& b, const V& mask) const {
    return (mul(x, b) & mask) | (x & ~mask);
  }
  FLYNN_ALWAYS_INLINE V is_one(const V& x) const { return all_bits(x == one); }
  FLYNN_ALWAYS_INLINE V is_minus_one(const V& x) const { return all_bits(x == n - one); }
  /// Writes integers that have the same divisors in common with n.
  FLYNN_ALWAYS_INLINE void store(const V& x, std::uint64_t* to) const { x.store_unaligned(to); }

 private:
  FLYNN_ALWAYS_INLINE static V low_half(const V& x) { return x & V(0xffffffff); }
  /// a * b modulo 2^64.
  FLYNN_ALWAYS_INLINE static V mul_low(const V& a, const V& a_high, const V& b) {
    return mul32<Arch>(a, b) + ((mul32<Arch>(a_high, b) + mul32<Arch>(a, b >> 32)) << 32);
  }
  /// The four products of halves of a and b, to a * b / 2^64 mod n.
  FLYNN_ALWAYS_INLINE V reduce(const V& low, const V& cross0, const V& cross1, const V& high) const {
    const V middle0 = cross0 + (low >> 32), middle1 = cross1 + low_half(middle0);
    const V product_high = high + (middle0 >> 32) + (middle1 >> 32);
    const V q = mul_low(inverse, inverse_high, low_half(low) | (middle1 << 32)), q_high = q >> 32;
    const V taken0 = mul32<Arch>(q, n_high) + (mul32<Arch>(q, n) >> 32);
    const V taken1 = mul32<Arch>(q_high, n) + low_half(taken0);
    return sub(product_high, mul32<Arch>(q_high, n_high) + (taken0 >> 32) + (taken1 >> 32));
  }
};

}  // namespace flynn::simd

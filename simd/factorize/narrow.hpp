#pragma once
// Parts below 2^32 without a prime factor up to 463: which are prime, and the factors of the others.

#include <simd/factorize/trial_division.hpp>
#include <simd/factorize/witness.hpp>

namespace flynn::simd {

/// Arithmetic modulo odd n < 2^32 in 64-bit lanes, on values in Montgomery form: x * 2^32 mod n, in [0, n).
template <class Arch>
struct Montgomery32 {
  using V = U64<Arch>;
  V n, inverse;  ///< n * inverse = 1 modulo 2^32; the high halves are without meaning

  FLYNN_ALWAYS_INLINE void set(const V& modulus) {
    n = inverse = modulus;  // right in 3 bits, and each step of Newton doubles them
    for (int bits = 3; bits < 32; bits *= 2) inverse = mul32<Arch>(inverse, V(2) - mul32<Arch>(n, inverse));
  }
  /// a * b / 2^32 mod n: the difference of two high halves, whose low halves are equal.
  FLYNN_ALWAYS_INLINE V mul(const V& a, const V& b) const {
    const V product = mul32<Arch>(a, b);
    return wrap((product >> 32) - (mul32<Arch>(mul32<Arch>(product, inverse), n) >> 32));
  }
  /// x, or x + n where x is negative; -n <= x < n.
  FLYNN_ALWAYS_INLINE V wrap(const V& x) const { return x + (n & (x >> 32)); }
  /// A number below 2^8 into Montgomery form: x * 2^32 less a quotient by n >= 2^17, which is below 2^23 and taken from
  /// a division of doubles. Adding 2^52 rounds it to an integer, in the low bits.
  FLYNN_ALWAYS_INLINE V enter(const V& x) const {
    using D = xsimd::batch<double, Arch>;
    const V magic_bits(0x4330000000000000);
    const D magic(0x1p52);
    const V shifted = x << 32;
    const D quotient =
        (xsimd::bitwise_cast<D>(shifted | magic_bits) - magic) / (xsimd::bitwise_cast<D>(n | magic_bits) - magic);
    return wrap(shifted - mul32<Arch>(xsimd::bitwise_cast<V>(quotient + magic), n));
  }
};

/// Sets verdict[i] to 1 where value[i] is prime and else to 0, for `vectors` vectors at once: one chain of products
/// alone would wait for its own latency, about 4 times as long as the multipliers need.
template <class Arch, std::size_t vectors>
void test_narrow(const std::uint64_t* value, std::uint64_t* verdict) {
  using V = U64<Arch>;
  Montgomery32<Arch> m[vectors];
  V exponent[vectors], power[vectors][4], x[vectors];
  const V three(3);
  std::uint64_t any_bit = 0;
  for (std::size_t i = 0; i < vectors * V::size; ++i) any_bit |= value[i];
  const int top = (62 - __builtin_clzll(any_bit)) / 2 * 2;  // of (n - 1) / 2, in digits of 2 bits

  for (std::size_t k = 0; k < vectors; ++k) {
    alignas(64) std::uint64_t base[V::size];
    for (std::size_t j = 0; j < V::size; ++j) base[j] = witness_table[witness_bucket(value[k * V::size + j])];
    const V n = V::load_unaligned(value + k * V::size), one(1);
    m[k].set(n);
    // (n - 1) / 2 where n = 3 modulo 4 and (n - 1) / 4 elsewhere
    const V half = n >> 1;
    exponent[k] = pick((half & one) == one, half, half >> 1);
    power[k][0] = m[k].enter(one);
    power[k][1] = m[k].enter(V::load_aligned(base));
    power[k][2] = m[k].mul(power[k][1], power[k][1]);
    power[k][3] = m[k].mul(power[k][2], power[k][1]);
    x[k] = power[k][0];
  }
  for (int shift = top; shift >= 0; shift -= 2)
    for (std::size_t k = 0; k < vectors; ++k) {
      const V digit = (exponent[k] >> shift) & three;
      const V low = pick(digit == V(1), power[k][1], power[k][0]);
      const V high = pick(digit == three, power[k][3], power[k][2]);
      x[k] = m[k].mul(x[k], x[k]);
      x[k] = m[k].mul(x[k], x[k]);
      x[k] = m[k].mul(x[k], pick(digit >= V(2), high, low));
    }
  for (std::size_t k = 0; k < vectors; ++k) {
    const V minus_one = m[k].n - power[k][0], one(1);
    const auto root = (x[k] == power[k][0]) | (x[k] == minus_one);
    const auto square = ((m[k].n & three) == one) & (m[k].mul(x[k], x[k]) == minus_one);
    pick(root | square, one, V(0)).store_unaligned(verdict + k * V::size);
  }
}

/// Tells the primes of work.unknown[narrow_width], and leaves the composites in work.composite[narrow_width].
template <class Arch>
void sort_out_narrow(Workspace& work) {
  constexpr std::size_t vectors = 4, step = vectors * U64<Arch>::size;
  auto& parts = work.unknown[narrow_width];
  alignas(64) std::uint64_t verdict[step];
  for (std::size_t i = 0; i < step; ++i) parts.value[parts.size + i] = scalar::least_composite;
  for (std::size_t i = 0; i < parts.size; i += step) {
    test_narrow<Arch, vectors>(parts.value + i, verdict);
    for (std::size_t j = 0; j < step && i + j < parts.size; ++j)
      if (verdict[j] != 0 && !is_witness_exception(parts.value[i + j]))
        work.add_prime(parts.value[i + j], parts.owner[i + j]);
      else
        work.composite[narrow_width].push(parts.value[i + j], parts.owner[i + j]);
  }
  parts.size = 0;
}

/// Splits parts of work.composite[narrow_width], as many as a group has numbers, by the primes from 467 on: two of
/// three have one below 2^12, and a prime costs less than 2 cycles for a vector.
template <class Arch>
void split_narrow(Workspace& work) {
  using V = U32<Arch>;
  constexpr std::size_t chunk = 32;
  const auto& table = scalar::primes_u32;
  auto& parts = work.composite[narrow_width];
  const std::size_t begin = parts.size < Workspace::group ? 0 : parts.size - Workspace::group;
  std::uint32_t* const owner = parts.owner + begin;
  std::size_t count = parts.size - begin;
  // The list as 32-bit lanes, in the memory of the numbers that went by.
  for (std::size_t i = 0; i < count; ++i) work.narrow[i] = static_cast<std::uint32_t>(parts.value[begin + i]);
  for (std::size_t first = scalar::trial_primes; count > 0; first += chunk) {
    for (std::size_t i = count; i < count + V::size; ++i) work.narrow[i] = 1;
    std::size_t left = 0;
    for (std::size_t i = 0; i < count; i += V::size) {
      const V n = V::load_unaligned(work.narrow + i);
      const V found = divisors<Arch, std::uint32_t>(n, table.inverse + first, table.limit + first);
      alignas(64) std::uint32_t lanes[V::size];
      found.store_aligned(lanes);
      for (std::size_t j = i; j < i + V::size && j < count; ++j) {
        if (lanes[j - i] != 0) {
          const std::size_t k = first + static_cast<std::size_t>(__builtin_ctz(lanes[j - i]));
          work.add_prime(table.prime[k], owner[j]);
          work.add_part(work.narrow[j] * table.inverse[k], owner[j]);
        } else {
          work.narrow[left] = work.narrow[j];
          owner[left++] = owner[j];
        }
      }
    }
    count = left;
  }
  parts.size = begin;
}

}  // namespace flynn::simd

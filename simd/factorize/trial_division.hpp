#pragma once
// Division of whole lanes of numbers by the primes up to 463.

#include <limits>

#include <simd/factorize/lanes.hpp>
#include <simd/factorize/workspace.hpp>

namespace flynn::simd {

/// Bit k of a lane: whether prime k of the table divides it. `inverse` and `limit` begin at prime 0.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE xsimd::batch<T, Arch> divisors(const xsimd::batch<T, Arch>& n, const T* inverse, const T* limit) {
  using V = xsimd::batch<T, Arch>;
  const V none(T{0});
  V found = none, bit(T{1});
  for (int k = 0; k < std::numeric_limits<T>::digits; ++k) {
    found = found | pick(n * V(inverse[k]) <= V(limit[k]), bit, none);
    bit = bit + bit;
  }
  return found;
}

/// Signed integers as floating point; xsimd 8.1 takes 64-bit lanes of AVX-512 one by one.
template <class Arch, class S>
FLYNN_ALWAYS_INLINE auto as_float(const xsimd::batch<S, Arch>& x) {
#if defined(__AVX512DQ__)
  if constexpr (sizeof(S) == 8)
    return xsimd::batch<double, Arch>(_mm512_cvtepi64_pd(x));
  else
#endif
    return xsimd::to_float(x);
}

/// The index of the lowest bit of x > 0, read from the exponent of 2^index as a float. For 0: some negative number.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE xsimd::batch<T, Arch> lowest_bit(const xsimd::batch<T, Arch>& x) {
  using V = xsimd::batch<T, Arch>;
  using S = xsimd::batch<std::make_signed_t<T>, Arch>;
  constexpr int mantissa = sizeof(T) == 4 ? 23 : 52, bias = sizeof(T) == 4 ? 127 : 1023;
  const auto power = as_float<Arch, std::make_signed_t<T>>(xsimd::bitwise_cast<S>(x & (V(T{0}) - x)));
  const V exponent = xsimd::bitwise_cast<V>(power) >> mantissa;  // with the sign bit of -2^31 or -2^63
  return (exponent & V(T{2 * bias + 1})) - V(T{bias});
}

/// Each lane of x shifted by its own distance; xsimd takes the lanes one by one where it has no instruction for it.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE xsimd::batch<T, Arch> shift_right(xsimd::batch<T, Arch> x, const xsimd::batch<T, Arch>& distance) {
  using V = xsimd::batch<T, Arch>;
  for (int step = std::numeric_limits<T>::digits / 2; step > 0; step /= 2)
    x = pick((distance & V(static_cast<T>(step))) != V(T{0}), x >> step, x);
  return x;
}

/// The primes up to 463 that divide the lanes, found all at once and then taken one prime a lane and round.
template <class Arch, class T>
class SmallDivisors {
  using V = xsimd::batch<T, Arch>;
  static constexpr std::size_t bits = std::numeric_limits<T>::digits;
  static constexpr std::size_t words = (scalar::trial_primes + bits - 1) / bits;
  V word_[words];

 public:
  template <class Table>
  FLYNN_ALWAYS_INLINE SmallDivisors(const V& n, const Table& table) {
    for (std::size_t w = 0; w < words; ++w)
      word_[w] = divisors<Arch, T>(n, table.inverse + w * bits, table.limit + w * bits);
  }
  FLYNN_ALWAYS_INLINE bool any() const {
    V all = word_[0];
    for (std::size_t w = 1; w < words; ++w) all = all | word_[w];
    return xsimd::any(all != V(T{0}));
  }
  /// The index of each lane's least prime, which is taken away; without one, that of an entry that divides nothing.
  FLYNN_ALWAYS_INLINE V pop() {
    const V zero(T{0});
    V word = word_[words - 1], base(static_cast<T>((words - 1) * bits));
    for (std::size_t w = words - 1; w-- > 0;) {
      const auto here = word_[w] != zero;
      word = pick(here, word_[w], word);
      base = pick(here, V(static_cast<T>(w * bits)), base);
    }
    V taken = zero;  // all bits in the lanes whose lowest bit is gone already
    for (std::size_t w = 0; w < words; ++w) {
      const V here = all_bits(word_[w] != zero);
      word_[w] = word_[w] & ((word_[w] - V(T{1})) | taken);
      taken = taken | here;
    }
    return pick(word == zero, V(T{scalar::trial_primes}), base + lowest_bit<Arch, T>(word));
  }
};

/// The entries of a table at these indices. xsimd 8.1 gathers lane by lane through whole vectors on AVX-512.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE xsimd::batch<T, Arch> look_up(const T* table, const xsimd::batch<T, Arch>& index) {
  alignas(64) T lanes[xsimd::batch<T, Arch>::size];
  index.store_aligned(lanes);
  for (T& lane : lanes) lane = table[lane];
  return xsimd::batch<T, Arch>::load_aligned(lanes);
}

/// Divides all lanes by the prime of their index as often as it goes. Returns how often.
template <class Arch, class T, class Table>
FLYNN_ALWAYS_INLINE xsimd::batch<T, Arch> take_out(xsimd::batch<T, Arch>& n, const xsimd::batch<T, Arch>& index,
                                                   const Table& table) {
  using V = xsimd::batch<T, Arch>;
  const V inverse = look_up<Arch, T>(table.inverse, index), limit = look_up<Arch, T>(table.limit, index);
  V exponent(T{0}), quotient = n * inverse;
  for (auto divides = quotient <= limit; xsimd::any(divides); divides = quotient <= limit) {
    n = pick(divides, quotient, n);
    exponent = exponent + pick(divides, V(T{1}), V(T{0}));
    quotient = n * inverse;
  }
  return exponent;
}

/// Stores lanes of any width as u32.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE void store_u32(std::uint32_t* to, const xsimd::batch<T, Arch>& x) {
  if constexpr (sizeof(T) == 4) {
    x.store_unaligned(to);
  } else {
    alignas(64) T lanes[xsimd::batch<T, Arch>::size];
    x.store_aligned(lanes);
    for (std::size_t j = 0; j < xsimd::batch<T, Arch>::size; ++j) to[j] = static_cast<std::uint32_t>(lanes[j]);
  }
}

/// Takes 2 and the primes up to 463 out of `count` numbers, which lie at `numbers` and have the places from
/// `first_place` on. Reads up to a whole vector of them; none may be 0.
template <class Arch, class T, class Table>
void divide_by_small_primes(T* numbers, std::size_t count, std::size_t first_place, const Table& table,
                            Workspace& work) {
  using V = xsimd::batch<T, Arch>;
  for (std::size_t i = 0; i < count; i += V::size) {
    const std::size_t place = first_place + i;
    V n = V::load_aligned(numbers + i);
    const V twos = lowest_bit<Arch, T>(n);
    n = shift_right<Arch, T>(n, twos);
    SmallDivisors<Arch, T> found(n, table);
    V odds(T{0});
    for (std::size_t round = 0; found.any(); ++round) {
      const V index = found.pop(), exponent = take_out<Arch, T>(n, index, table);
      odds = odds + pick(exponent != V(T{0}), V(T{1}), V(T{0}));
      alignas(64) T lanes[V::size];
      (index | (exponent << 8)).store_aligned(lanes);
      for (std::size_t j = 0; j < V::size; ++j)
        work.odd[place + j][round] = static_cast<std::uint16_t>(table.prime[lanes[j] & 255] / 2 + (lanes[j] >> 8 << 8));
    }
    store_u32<Arch, T>(work.twos_and_odds + place, twos | (odds << 8));
    n.store_aligned(numbers + i);
  }
}

}  // namespace flynn::simd

#pragma once
// Arithmetic modulo an odd n < 2^64, primality and splitting of single numbers.

#include <cstdint>

#include <flynn/status.hpp>

namespace flynn::scalar {

/// Arithmetic modulo an odd n > 1 on values in Montgomery form, x * 2^64 mod n. All values are in [0, n).
/// (Montgomery, "Modular multiplication without trial division", 1985.)
struct Montgomery {
  std::uint64_t n, inverse;  ///< n * inverse = 1 modulo 2^64
  std::uint64_t one;         ///< 2^64 mod n
  std::uint64_t square;      ///< 2^128 mod n

  FLYNN_ALWAYS_INLINE explicit Montgomery(std::uint64_t modulus) : n(modulus), inverse(modulus) {
    for (int bits = 3; bits < 64; bits *= 2) inverse *= 2 - n * inverse;
    one = -n % n;
    square = static_cast<std::uint64_t>(static_cast<unsigned __int128>(one) * one % n);
  }
  /// a * b / 2^64 mod n: the difference of two high halves, whose low halves are equal.
  FLYNN_ALWAYS_INLINE std::uint64_t mul(std::uint64_t a, std::uint64_t b) const {
    const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
    const std::uint64_t high = product >> 64, quotient = static_cast<std::uint64_t>(product) * inverse;
    const std::uint64_t taken = static_cast<unsigned __int128>(quotient) * n >> 64;
    return high - taken + (high < taken ? n : 0);
  }
  FLYNN_ALWAYS_INLINE std::uint64_t add(std::uint64_t a, std::uint64_t b) const {
    return a - (n - b) + (a < n - b ? n : 0);
  }
  FLYNN_ALWAYS_INLINE std::uint64_t sub(std::uint64_t a, std::uint64_t b) const { return a - b + (a < b ? n : 0); }
  /// x < n into Montgomery form.
  FLYNN_ALWAYS_INLINE std::uint64_t enter(std::uint64_t x) const { return mul(x, square); }
};

/// Greatest common divisor of any a and an odd b; Stein's binary algorithm, about 1.4 * 64 short steps at most.
FLYNN_ALWAYS_INLINE std::uint64_t gcd_odd(std::uint64_t a, std::uint64_t b) {
  while (a != 0) {
    a >>= __builtin_ctzll(a);
    const std::uint64_t difference = a > b ? a - b : b - a;
    b = a < b ? a : b;
    a = difference;
  }
  return b;
}

/// floor(sqrt(n)), exact: the double is off by at most 1.
FLYNN_ALWAYS_INLINE std::uint64_t integer_sqrt(std::uint64_t n) {
  std::uint64_t r = static_cast<std::uint64_t>(__builtin_sqrt(static_cast<double>(n)));
  if (r > 0xffffffffu) r = 0xffffffffu;
  if (r * r > n) --r;
  if (r < 0xffffffffu && (r + 1) * (r + 1) <= n) ++r;
  return r;
}

/// Whether an odd n > 61 is prime. Deterministic: no composite below the given bound passes all bases of its row
/// (Jaeschke, "On strong pseudoprimes to several bases", 1993; Jiang and Deng, "Strong pseudoprimes to the first eight
/// prime bases", 2014; Sorenson and Webster, "Strong pseudoprimes to twelve prime bases", 2015).
bool is_prime(std::uint64_t n);

/// A proper factor of a composite odd n, by Pollard's rho: about 1.2 sqrt(p) steps of 8 ns for its least prime factor
/// p.
std::uint64_t split(std::uint64_t n);

/// The same with at most so many walks, each of which ends after 2 to 4 times `steps` steps; 0 when none found
/// anything.
std::uint64_t find_factor(std::uint64_t n, std::uint64_t steps, int walks);

}  // namespace flynn::scalar

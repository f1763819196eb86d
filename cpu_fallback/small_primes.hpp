#pragma once
// The odd primes below 2^16 and what it takes to divide by them without a division.
//
// For odd p let i be the inverse of p modulo 2^w. Then n -> n * i mod 2^w is a permutation of the w-bit numbers that
// takes the multiples of p to 0 ... floor((2^w - 1) / p): so p divides n exactly when n * i <= that limit, and n * i is
// the quotient. (Granlund and Montgomery, "Division by invariant integers using multiplication", 1994, section 9.)

#include <cstddef>
#include <cstdint>
#include <limits>

namespace flynn::scalar {

/// How many odd primes there are up to 463, where trial division of every number ends, and what a cofactor without
/// these primes must reach to be composite.
inline constexpr std::size_t trial_primes = 89;
inline constexpr std::uint64_t first_untried_prime = 467;
inline constexpr std::uint64_t least_composite = first_untried_prime * first_untried_prime;
/// How many odd primes there are below 2^16.
inline constexpr std::size_t odd_primes = 6541;

/// Entries from `count` up to the next multiple of 64 divide nothing, so that loops may run in steps.
template <class T, std::size_t count>
struct PrimeTable {
  static constexpr std::size_t size = count, padded_size = (count / 64 + 1) * 64;
  std::uint16_t prime[padded_size] = {};
  T inverse[padded_size] = {}, limit[padded_size] = {};

  constexpr PrimeTable() {
    bool composite[1 << 16] = {};
    std::size_t k = 0;
    for (std::uint32_t p = 3; p < (1 << 16) && k < count; p += 2) {
      if (composite[p]) continue;
      for (std::uint32_t m = p * p; p < 256 && m < (1 << 16); m += 2 * p) composite[m] = true;
      T i = static_cast<T>(p);  // right in 3 bits, and each step of Newton doubles them
      for (int bits = 3; bits < std::numeric_limits<T>::digits; bits *= 2) i = static_cast<T>(i * (T(2) - T(p) * i));
      prime[k] = static_cast<std::uint16_t>(p);
      inverse[k] = i;
      limit[k++] = static_cast<T>(std::numeric_limits<T>::max() / p);
    }
    for (; k < padded_size; ++k) inverse[k] = 1;  // n * 1 <= 0 holds for no n > 0
  }
};

/// For numbers below 2^32: 65 KB. For all others: 2 KB.
extern const PrimeTable<std::uint32_t, odd_primes> primes_u32;
extern const PrimeTable<std::uint64_t, trial_primes> primes_u64;

}  // namespace flynn::scalar

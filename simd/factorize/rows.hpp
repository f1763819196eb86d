#pragma once
// From what is known about each number to packed rows.

#include <simd/factorize/workspace.hpp>

namespace flynn::simd {

/// Writes the primes above 463 of the number at this place, ascending; returns how many different ones there are.
template <class Arch>
std::size_t write_large(const Workspace& work, std::size_t place, std::uint64_t* primes, std::uint8_t* exponents) {
  std::size_t count = 0;
  for (std::size_t k = 0; k < work.large_count[place]; ++k) {
    const std::uint64_t prime = work.large[k][place];
    std::size_t at = count;
    while (at > 0 && primes[at - 1] >= prime) --at;
    if (at < count && primes[at] == prime) {
      ++exponents[at];
      continue;
    }
    for (std::size_t j = count++; j > at; --j) primes[j] = primes[j - 1], exponents[j] = exponents[j - 1];
    primes[at] = prime;
    exponents[at] = 1;
  }
  return count;
}

/// Writes the primes up to 463 of one row and their exponents: four always, over what follows, and only the count says
/// what holds.
template <class Arch>
FLYNN_ALWAYS_INLINE void write_odd(const std::uint16_t* entry, std::size_t count, std::uint64_t* primes,
                                   std::uint8_t* exponents) {
  std::size_t k = 0;
#if defined(__AVX512IFMA__)
  std::uint64_t four;
  __builtin_memcpy(&four, entry, sizeof four);
  const __m256i halves =
      _mm256_and_si256(_mm256_cvtepu16_epi64(_mm_cvtsi64_si128(static_cast<long long>(four))), _mm256_set1_epi64x(255));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(primes),
                      _mm256_or_si256(_mm256_add_epi64(halves, halves), _mm256_set1_epi64x(1)));
  const std::uint32_t powers = static_cast<std::uint32_t>(_pext_u64(four, 0xff00ff00ff00ff00));
  __builtin_memcpy(exponents, &powers, sizeof powers);
  k = 4;
#endif
  const auto write = [&] {
    primes[k] = 2u * (entry[k] & 255u) + 1;
    exponents[k] = static_cast<std::uint8_t>(entry[k] >> 8);
  };
  for (; k < 3; ++k) write();
  for (; k < count; ++k) write();
}

/// Writes the packed rows of a group. Nearly every row has at most 2, three or four odd primes up to 463 and one above:
/// these are written without a branch.
template <class Arch>
void write_rows(const Workspace& work, std::size_t numbers, std::uint64_t* primes, std::uint8_t* exponents,
                std::uint8_t* counts) {
  for (std::size_t i = 0; i < numbers; ++i) {
    const std::size_t place = work.place[i], twos = work.twos_and_odds[place] & 255;
    const std::size_t odds = work.twos_and_odds[place] >> 8, large = work.single_large[place];
    primes[0] = 2;
    exponents[0] = static_cast<std::uint8_t>(twos);
    std::size_t count = twos > 0;
    write_odd<Arch>(work.odd[place], odds, primes + count, exponents + count);
    count += odds;
    if (count < Factorize<std::uint64_t>::row_capacity) {  // 15 odd primes leave room for nothing, and need none
      primes[count] = large;
      exponents[count] = 1;
    }
    count += large != 0;
    if (work.large_count[place] > 0) count += write_large<Arch>(work, place, primes + count, exponents + count);
    counts[i] = static_cast<std::uint8_t>(count);
    primes += count;
    exponents += count;
  }
}

}  // namespace flynn::simd

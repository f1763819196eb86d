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

/// Writes the packed rows of a group. Nearly every row has at most 2, three odd primes up to 463 and one above: these
/// are written without a branch, over what follows, and only the count says what holds.
template <class Arch>
void write_rows(const Workspace& work, std::size_t numbers, std::uint64_t* primes, std::uint8_t* exponents,
                std::uint8_t* counts) {
  for (std::size_t i = 0; i < numbers; ++i) {
    const std::size_t place = work.place[i], twos = work.twos_and_odds[place] & 255;
    const std::size_t odds = work.twos_and_odds[place] >> 8;
    const auto write_odd = [&](std::size_t at, std::size_t k) {
      const std::uint32_t entry = work.odd[k][place];
      primes[at] = scalar::primes_u32.prime[entry & 255];
      exponents[at] = static_cast<std::uint8_t>(entry >> 8);
    };
    primes[0] = 2;
    exponents[0] = static_cast<std::uint8_t>(twos);
    std::size_t count = twos > 0;
    for (std::size_t k = 0; k < 3; ++k) write_odd(count + k, k);
    for (std::size_t k = 3; k < odds; ++k) write_odd(count + k, k);
    count += odds;
    if (work.large_count[place] == 1) {
      primes[count] = work.large[0][place];
      exponents[count++] = 1;
    } else if (work.large_count[place] > 1) {
      count += write_large<Arch>(work, place, primes + count, exponents + count);
    }
    counts[i] = static_cast<std::uint8_t>(count);
    primes += count;
    exponents += count;
  }
}

}  // namespace flynn::simd

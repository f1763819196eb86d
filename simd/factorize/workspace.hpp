#pragma once
// What is known about a group of numbers while it is factorised. Each number has a place: first come the numbers below
// 2^32, then the others, so that both lie dense for the lanes.

#include <cstddef>
#include <cstdint>

#include <cpu_fallback/small_primes.hpp>
#include <flynn/workloads.hpp>

namespace flynn::simd {

/// The widths that parts are sorted by: each has an arithmetic of its own, where the instruction set has a faster one.
enum Width : unsigned { narrow_width, middle_width, broad_width, wide_width, widths };
constexpr int narrow_bits = 32, middle_bits = 48, broad_bits = 52;

FLYNN_ALWAYS_INLINE unsigned width_of(std::uint64_t n) {
  return (n >> narrow_bits != 0) + (n >> middle_bits != 0) + (n >> broad_bits != 0);
}

/// Fills the last vectors of a list; every arithmetic of 64-bit lanes can calculate modulo it.
constexpr std::uint64_t list_padding = (std::uint64_t{1} << 41) + 1;

/// Numbers without a prime factor up to 463, each with the place of the number that it divides.
template <std::size_t capacity>
struct Parts {
  std::size_t size;
  std::uint64_t value[capacity];
  std::uint32_t owner[capacity];

  FLYNN_ALWAYS_INLINE void push(std::uint64_t part, std::uint32_t place) {
    value[size] = part;
    owner[size++] = place;
  }
};

struct Workspace {
  static constexpr std::size_t group = Factorize<std::uint64_t>::group;
  /// Places for a group, with room to fill the last vector of both widths.
  static constexpr std::size_t places = group + 64;
  /// 467^7 < 2^64 has the most primes above 463; 3 * 5 * ... * 53 < 2^64 the most odd ones, 15.
  static constexpr std::size_t large_rows = 7;
  static constexpr std::size_t part_room = large_rows * group + 64;

  alignas(64) std::uint32_t narrow[places];  ///< the numbers below 2^32, then their cofactors
  alignas(64) std::uint64_t wide[places];    ///< the others, from 0 on
  std::size_t wide_start;                    ///< the place of the first of them
  std::uint16_t place[group];                ///< of each number

  alignas(64) std::uint32_t twos_and_odds[places];  ///< exponent of 2, + 256 * how many other primes up to 463
  /// A row for each place: those primes p, as p / 2 + 256 * exponent.
  static constexpr std::size_t entries = 16;
  alignas(64) std::uint16_t odd[places][entries];
  /// The only prime above 463 of a number below 2^32, where it was found so; else 0, and `large` says what there is.
  alignas(64) std::uint32_t single_large[places];
  std::uint8_t large_count[places];         ///< how many primes above 463, with multiplicity
  std::uint64_t large[large_rows][places];  ///< in the order of their discovery

  /// Numbers of which primes up to 463 are still to be taken: what is left of them, which primes divide them (bit 31 of
  /// the first word is 3), and 16 * their place + the number of primes taken + 65536 * the exponent of the next.
  struct {
    alignas(64) std::uint32_t number[places], divisors[3][places], state[places];
  } open;
  struct {
    alignas(64) std::uint32_t number[places], place[places];
  } done;
  /// The same for numbers from 2^32 on: bit 63 of the first word is 3.
  struct {
    alignas(64) std::uint64_t number[places], divisors[2][places], state[places];
  } open_wide;

  /// Prime or composite? By width.
  Parts<part_room> unknown[widths], composite[widths];
  unsigned effort[widths];  ///< of the next curve for each, see split_wide.hpp

  FLYNN_ALWAYS_INLINE void clear_parts() {
    for (unsigned w = 0; w < widths; ++w) unknown[w].size = composite[w].size = effort[w] = 0;
  }
  FLYNN_ALWAYS_INLINE bool has_parts() const {
    std::size_t all = 0;
    for (unsigned w = 0; w < widths; ++w) all |= unknown[w].size | composite[w].size;
    return all != 0;
  }
  FLYNN_ALWAYS_INLINE void add_prime(std::uint64_t prime, std::uint32_t owner) {
    large[large_count[owner]++][owner] = prime;
  }
  /// Takes a part that may be 1, a prime or composite.
  FLYNN_ALWAYS_INLINE void add_part(std::uint64_t part, std::uint32_t owner) {
    if (part >= scalar::least_composite)
      unknown[width_of(part)].push(part, owner);
    else if (part > 1)
      add_prime(part, owner);
  }
};

}  // namespace flynn::simd

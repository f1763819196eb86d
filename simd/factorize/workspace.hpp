#pragma once
// What is known about a group of numbers while it is factorised. Each number has a place: first come the numbers below
// 2^32, then the others, so that both lie dense for the lanes.

#include <cstddef>
#include <cstdint>

#include <cpu_fallback/small_primes.hpp>
#include <flynn/workloads.hpp>

namespace flynn::simd {

/// From here on 64-bit integers are calculated with, and below with doubles where that is faster.
constexpr std::uint64_t middle_limit = std::uint64_t{1} << 48;

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
  /// 3 * 5 * ... * 53 < 2^64 has the most odd primes, and 467^7 < 2^64 the most above 463.
  static constexpr std::size_t odd_rows = 15, large_rows = 7;
  static constexpr std::size_t part_room = large_rows * group + 64;

  alignas(64) std::uint32_t narrow[places];  ///< the numbers below 2^32, then their cofactors
  alignas(64) std::uint64_t wide[places];    ///< the others, from 0 on
  std::size_t wide_start;                    ///< the place of the first of them
  std::uint16_t place[group];                ///< of each number

  alignas(64) std::uint32_t twos_and_odds[places];  ///< exponent of 2, + 256 * how many other primes up to 463
  /// Those primes: index in the table of primes, + 256 * exponent.
  alignas(64) std::uint32_t odd[odd_rows][places];
  std::uint8_t large_count[places];         ///< how many primes above 463, with multiplicity
  std::uint64_t large[large_rows][places];  ///< in the order of their discovery

  /// Prime or composite? By size: below 2^32, below middle_limit, and the others.
  Parts<part_room> unknown_narrow, unknown_middle, unknown_wide;
  Parts<part_room> composite_narrow, composite_middle, composite_wide;

  FLYNN_ALWAYS_INLINE void clear_parts() {
    unknown_narrow.size = unknown_middle.size = unknown_wide.size = 0;
    composite_narrow.size = composite_middle.size = composite_wide.size = 0;
  }
  FLYNN_ALWAYS_INLINE bool has_parts() const {
    return (unknown_narrow.size | unknown_middle.size | unknown_wide.size | composite_middle.size |
            composite_wide.size) != 0;
  }
  FLYNN_ALWAYS_INLINE void add_prime(std::uint64_t prime, std::uint32_t owner) {
    large[large_count[owner]++][owner] = prime;
  }
  /// Takes a part that may be 1, a prime or composite.
  FLYNN_ALWAYS_INLINE void add_part(std::uint64_t part, std::uint32_t owner) {
    if (part >= scalar::least_composite)
      (part >> 32 == 0 ? unknown_narrow : part < middle_limit ? unknown_middle : unknown_wide).push(part, owner);
    else if (part > 1)
      add_prime(part, owner);
  }
};

}  // namespace flynn::simd

#pragma once
// The factors of composite parts from 2^32 on.

#include <cpu_fallback/number_theory.hpp>
#include <flynn/execution.hpp>
#include <simd/factorize/curves.hpp>
#include <simd/factorize/wide_test.hpp>
#include <simd/factorize/workspace.hpp>

namespace flynn::simd {

/// How far the curves of one round go. Factors of random numbers are mostly small, so the first rounds are short.
constexpr Effort efforts[] = {{47, 1200, 60}, {85, 2500, 60}, {85, 2500, 60}, {205, 6000, 210}};
constexpr unsigned last_effort = 3;

/// From this round on the few numbers left are split by scalar walks, which always end. A product of two 32-bit primes
/// comes here once in 3000 times.
constexpr unsigned last_round = 32;

/// A factor of n that a curve of this round brought to light, or 0.
template <class Arch>
std::uint64_t factor_from_curve(std::uint64_t n, std::uint64_t both, std::uint64_t first, unsigned round) {
  if (round >= last_round) return scalar::split(n);
  std::uint64_t g = scalar::gcd_odd(both, n);
  if (g != n) return g > 1 ? g : 0;
  // All prime factors at once: perhaps not yet after the first stage, or they are small ones, for which rho is short.
  g = scalar::gcd_odd(first, n);
  return g > 1 && g < n ? g : scalar::find_factor(n, 128, 3);
}

/// One curve for every part of `composite`. Those that it splits become unknown parts, the others stay.
template <class Modulus, class Parts>
Status run_round(Workspace& work, Parts& composite, unsigned round, const Execution& execution) {
  constexpr std::size_t step = Modulus::V::size;
  using Arch = typename Modulus::V::arch_type;
  const Effort& effort = efforts[round < last_effort ? round : last_effort];
  std::size_t left = 0;
  pad<Arch>(composite, step);
  for (std::size_t i = 0; i < composite.size; i += step) {
    if (Status s = poll(execution); !s.ok()) return s;
    std::uint64_t both[step], first[step];
    run_curve<Modulus>(composite.value + i, 6 + round, effort, both, first);
    for (std::size_t j = i; j < i + step && j < composite.size; ++j) {
      const std::uint64_t n = composite.value[j];
      const std::uint32_t owner = composite.owner[j];
      if (const std::uint64_t factor = factor_from_curve<Arch>(n, both[j - i], first[j - i], round)) {
        work.add_part(factor, owner);
        work.add_part(n / factor, owner);
      } else {
        composite.value[left] = n;
        composite.owner[left++] = owner;
      }
    }
  }
  composite.size = left;
  return {};
}

/// Takes the squares out of `composite` from `from` on; on them the curves modulo both factors are the same.
template <class Arch, class Parts>
void split_squares(Workspace& work, Parts& composite, std::size_t from) {
  std::size_t left = from;
  for (std::size_t i = from; i < composite.size; ++i) {
    const std::uint64_t n = composite.value[i], root = scalar::integer_sqrt(n);
    const std::uint32_t owner = composite.owner[i];
    if (root * root == n) {
      work.add_part(root, owner);
      work.add_part(root, owner);
    } else {
      composite.value[left] = n;
      composite.owner[left++] = owner;
    }
  }
  composite.size = left;
}

/// Splits by scalar walks of rho what they split sooner than curves do with only two lanes (SSE, NEON): factors up to
/// 2^16, and all numbers below middle_limit. Random numbers of 48 bits go 1.5 times as fast.
template <class Arch, class Parts>
void walk_first(Workspace& work, Parts& composite, std::size_t from) {
  std::size_t left = from;
  for (std::size_t i = from; i < composite.size; ++i) {
    const std::uint64_t n = composite.value[i];
    const std::uint32_t owner = composite.owner[i];
    if (const std::uint64_t factor = scalar::find_factor(n, n < middle_limit ? 1 << 14 : 1 << 8, 1)) {
      work.add_part(factor, owner);
      work.add_part(n / factor, owner);
    } else {
      composite.value[left] = n;
      composite.owner[left++] = owner;
    }
  }
  composite.size = left;
}

/// Tells primes and composites apart and gives each of the latter one curve.
template <class Modulus, class Parts>
Status test_and_split(Workspace& work, Parts& unknown, Parts& composite, unsigned round, const Execution& execution) {
  const std::size_t known = composite.size;
  if (unknown.size > 0) {
    sort_out<Modulus>(work, unknown, composite);
    split_squares<typename Modulus::V::arch_type>(work, composite, known);
    if constexpr (Modulus::V::size == 2) walk_first<typename Modulus::V::arch_type>(work, composite, known);
  }
  return run_round<Modulus>(work, composite, round, execution);
}

}  // namespace flynn::simd

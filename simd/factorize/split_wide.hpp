#pragma once
// The factors of composite parts from 2^32 on.

#include <cpu_fallback/number_theory.hpp>
#include <flynn/execution.hpp>
#include <simd/factorize/curves.hpp>
#include <simd/factorize/divisors.hpp>
#include <simd/factorize/wide_test.hpp>
#include <simd/factorize/workspace.hpp>

namespace flynn::simd {

/// How far the curves of a width go, round by round. Factors of random numbers are mostly small, so the first rounds
/// are short; where they split hardly anything, as with products of two large primes, the last effort comes at once.
constexpr Effort efforts[] = {{27, 600, 60}, {47, 1200, 60}, {85, 2500, 60}, {165, 8000, 210}, {250, 12000, 210}};
/// The last effort of each width: the least prime factor is below 2^24, 2^26 and 2^32.
constexpr unsigned last_effort[widths] = {0, 2, 2, 4};

/// From this round on the few numbers left are split by scalar walks, which always end. A product of two 32-bit primes
/// comes here once in 3000 times.
constexpr unsigned last_round = 32;

/// From this round on, a number whose prime factors all curves find at once gets short walks: its factors are small.
constexpr unsigned small_factors_round = 6;

/// A factor of n, or 0, when both stages of a curve found n itself: all prime factors at once, but perhaps not yet
/// after the first stage. Else the next curve will most likely part them.
template <class Arch>
std::uint64_t factor_from_first_stage(std::uint64_t n, std::uint64_t first, unsigned round) {
  const std::uint64_t g = scalar::gcd_odd(first, n);
  if (g > 1 && g < n) return g;
  return round >= small_factors_round ? scalar::find_factor(n, 128, 3) : 0;
}

/// The last effort when so many curves left more than 7 of 8 numbers whole, else the same again.
template <class Arch>
unsigned effort_after(unsigned effort, Width width, std::size_t curves, std::size_t left) {
  return left * 8 > curves * 7 ? last_effort[width] : effort;
}

/// One curve for every part of `composite`. Those that it splits become unknown parts, the others stay.
template <class Modulus, class Parts>
Status run_round(Workspace& work, Parts& composite, Width width, unsigned round, const Execution& execution) {
  using Arch = typename Modulus::Arch;
  using Lanes = typename Several<Modulus>::type;
  constexpr std::size_t lanes = Lanes::lanes, step = 4 * Modulus::lanes;
  constexpr std::size_t sample = 64;
  unsigned effort = work.effort[width];
  if (composite.size == 0) return {};
  std::size_t left = 0;
  pad<Arch>(composite, step);
  for (std::size_t i = 0; i < composite.size; i += step) {
    if (i == sample) effort = effort_after<Arch>(effort, width, i, left);
    alignas(64) std::uint64_t factor[step], first[step];
    const std::size_t count = composite.size - i < step ? composite.size - i : step;
    for (std::size_t j = 0; j < count; j += lanes) {
      if (Status s = poll(execution); !s.ok()) return s;
      run_curve<Lanes>(composite.value + i + j, 6 + round, efforts[effort], factor + j, first + j);
    }
    for (std::size_t j = (count + lanes - 1) / lanes * lanes; j < step; ++j) factor[j] = 0;
    gcd_odd<Arch>(factor, composite.value + i, count);
    for (std::size_t j = 0; j < count; ++j) {
      const std::uint64_t n = composite.value[i + j];
      const std::uint32_t owner = composite.owner[i + j];
      if (factor[j] == n) factor[j] = factor_from_first_stage<Arch>(n, first[j], round);
      if (factor[j] <= 1 && round >= last_round) factor[j] = scalar::split(n);
      if (factor[j] > 1) {
        work.add_part(factor[j], owner);
        work.add_part(n / factor[j], owner);
      } else {
        composite.value[left] = n;
        composite.owner[left++] = owner;
      }
    }
  }
  effort = effort_after<Arch>(effort, width, composite.size, left);
  work.effort[width] = effort < last_effort[width] ? effort + 1 : effort;
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
/// 2^16, and all numbers below 2^48. Random numbers of 48 bits go 1.5 times as fast.
template <class Arch, class Parts>
void walk_first(Workspace& work, Parts& composite, std::size_t from) {
  std::size_t left = from;
  for (std::size_t i = from; i < composite.size; ++i) {
    const std::uint64_t n = composite.value[i];
    const std::uint32_t owner = composite.owner[i];
    if (const std::uint64_t factor = scalar::find_factor(n, n >> middle_bits == 0 ? 1 << 14 : 1 << 8, 1)) {
      work.add_part(factor, owner);
      work.add_part(n / factor, owner);
    } else {
      composite.value[left] = n;
      composite.owner[left++] = owner;
    }
  }
  composite.size = left;
}

/// Tells primes and composites of one width apart and gives each of the latter one curve.
template <class Modulus>
Status test_and_split(Workspace& work, Width width, unsigned round, const Execution& execution) {
  using Arch = typename Modulus::Arch;
  auto &unknown = work.unknown[width], &composite = work.composite[width];
  const std::size_t known = composite.size;
  if (unknown.size > 0) {
    sort_out<Modulus>(work, unknown, composite);
    split_squares<Arch>(work, composite, known);
    if constexpr (Modulus::lanes == 2) walk_first<Arch>(work, composite, known);
  }
  return run_round<Modulus>(work, composite, width, round, execution);
}

}  // namespace flynn::simd

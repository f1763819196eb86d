#pragma once
// Which parts from 2^32 on are prime.

#include <simd/factorize/modulus.hpp>
#include <simd/factorize/workspace.hpp>

namespace flynn::simd {

/// Strong tests in `chains` vectors at once: one chain of products alone would wait for its own latency. Sets verdict
/// to 1 in the lanes whose number passes the test to its base, and else to 0.
template <class Modulus, std::size_t chains>
void strong_test(const std::uint64_t* const (&numbers)[chains], const unsigned (&bases)[chains],
                 std::uint64_t* const (&verdict)[chains]) {
  using Lanes = U64<typename Modulus::Arch>;
  const Lanes zero(std::uint64_t{0}), one(std::uint64_t{1});
  Modulus m[chains];
  typename Modulus::Base base[chains];
  typename Modulus::V x[chains];
  Lanes exponent[chains], lowest[chains], passed[chains];
  std::uint64_t any_bit = 0, any_lowest = 0;
#pragma GCC unroll 4
  for (std::size_t k = 0; k < chains; ++k) {
    m[k].load(numbers[k]);
    base[k] = m[k].base(bases[k]);
    x[k] = m[k].one;
    exponent[k] = Lanes::load_unaligned(numbers[k]) - one;
    lowest[k] = exponent[k] & (zero - exponent[k]);
    passed[k] = zero;
    for (std::size_t j = 0; j < Modulus::lanes; ++j) {
      any_bit |= numbers[k][j];
      any_lowest |= (numbers[k][j] - 1) & (1 - numbers[k][j]);
    }
  }
  // n - 1 = d 2^s. From left to right, x is base^d at bit s, and base^(d 2^j) at bit s - j: n passes when the first of
  // these is 1 or one of them is -1.
  const auto step = [&](std::size_t k, const Lanes& here) {
    x[k] = m[k].times_base(m[k].square(x[k]), base[k], all_bits((exponent[k] & here) == here));
  };
  int bit = 63 - __builtin_clzll(any_bit);
  for (const int checked = 63 - __builtin_clzll(any_lowest); bit > checked; --bit) {
    const Lanes here(std::uint64_t{1} << bit);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < chains; ++k) step(k, here);
  }
  for (; bit > 0; --bit) {
    const Lanes here(std::uint64_t{1} << bit);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < chains; ++k) {
      step(k, here);
      const Lanes first = all_bits(lowest[k] == here) & m[k].is_one(x[k]);
      passed[k] = passed[k] | first | (all_bits(lowest[k] >= here) & m[k].is_minus_one(x[k]));
    }
  }
#pragma GCC unroll 4
  for (std::size_t k = 0; k < chains; ++k) (passed[k] & one).store_unaligned(verdict[k]);
}

/// Fills the last vectors of a list.
template <class Arch, std::size_t capacity>
void pad(Parts<capacity>& parts, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) parts.value[parts.size + i] = list_padding;
}

/// Moves the parts that fail the test to base 2, nearly all composites, from `unknown` to `composite`.
template <class Modulus, class Parts>
void test_base_2(Parts& unknown, Parts& composite) {
  constexpr std::size_t size = Modulus::lanes, step = 3 * size;
  std::size_t left = 0;
  pad<typename Modulus::Arch>(unknown, step);
  for (std::size_t i = 0; i < unknown.size; i += step) {
    const std::uint64_t* n = unknown.value + i;
    std::uint64_t verdict[step];
    strong_test<Modulus, 3>({n, n + size, n + 2 * size}, {2, 2, 2}, {verdict, verdict + size, verdict + 2 * size});
    for (std::size_t j = i; j < i + step && j < unknown.size; ++j)
      if (verdict[j - i] != 0) {
        unknown.value[left] = unknown.value[j];
        unknown.owner[left++] = unknown.owner[j];
      } else {
        composite.push(unknown.value[j], unknown.owner[j]);
      }
  }
  unknown.size = left;
}

/// Sets verdict to 1 in the lanes that pass the strong tests to all prime bases from 3 on which decide up to the
/// largest of these numbers: the bounds are those of scalar::is_prime.
template <class Modulus>
void test_other_bases(const std::uint64_t* n, std::uint64_t* verdict) {
  constexpr unsigned bases[4][3] = {{3, 5, 7}, {11, 13, 17}, {19, 23, 29}, {31, 37, 41}};
  constexpr std::size_t size = Modulus::lanes;
  std::uint64_t most = 0;
  for (std::size_t j = 0; j < size; ++j) {
    most = n[j] > most ? n[j] : most;
    verdict[j] = 1;
  }
  const int rounds = most < 341'550'071'728'321 ? 2 : most < 3'825'123'056'546'413'051 ? 3 : 4;
  for (int r = 0; r < rounds; ++r) {
    std::uint64_t passed[3][size];
    strong_test<Modulus, 3>({n, n, n}, bases[r], {passed[0], passed[1], passed[2]});
    for (std::size_t j = 0; j < size; ++j) verdict[j] &= passed[0][j] & passed[1][j] & passed[2][j];
  }
}

/// Tells which of `unknown` are prime, and moves the others to `composite`.
template <class Modulus, class Parts>
void sort_out(Workspace& work, Parts& unknown, Parts& composite) {
  constexpr std::size_t step = Modulus::lanes;
  test_base_2<Modulus>(unknown, composite);
  pad<typename Modulus::Arch>(unknown, step);
  for (std::size_t i = 0; i < unknown.size; i += step) {
    std::uint64_t verdict[step];
    test_other_bases<Modulus>(unknown.value + i, verdict);
    for (std::size_t j = i; j < i + step && j < unknown.size; ++j)
      if (verdict[j - i] != 0)
        work.add_prime(unknown.value[j], unknown.owner[j]);
      else
        composite.push(unknown.value[j], unknown.owner[j]);
  }
  unknown.size = 0;
}

}  // namespace flynn::simd

#pragma once
// Numbers below 2^64 on which a factoriser may stumble. Every prime used here is found with the test of the samples.

#include <cstdint>
#include <vector>

#include <tests/samples/factorize.hpp>
#include <tests/samples/random.hpp>

namespace flynn::hard {

using Number = std::uint64_t;
using Numbers = std::vector<Number>;

inline bool is_prime(Number n) { return samples::Sample<Factorize<Number>>::is_prime(n); }
inline Number next_prime(Number n) {
  do ++n;
  while (!is_prime(n));
  return n;
}
inline Number previous_prime(Number n) {
  do --n;
  while (!is_prime(n));
  return n;
}
inline bool product_fits(Number a, Number b) {
  Number product;
  return !__builtin_mul_overflow(a, b, &product);
}
inline void append_product(Numbers& to, Number a, Number b, Number c = 1) {
  if (product_fits(a, b) && product_fits(a * b, c)) to.push_back(a * b * c);
}

/// The ends of the range, and of the widths and bounds that the code distinguishes.
inline Numbers borders() {
  Numbers all = {0, 1, 2, 3, 4};
  for (int bit = 1; bit < 64; ++bit)
    for (Number n = (Number{1} << bit) - 3; n != (Number{1} << bit) + 4; ++n) all.push_back(n);
  for (Number i = 0; i < 200; ++i) all.push_back(~i);
  for (Number n = 463; n <= 491; ++n)
    for (Number m = 463; m <= 491; ++m) all.push_back(n * m);
  return all;
}

/// Primes next to powers of two, their squares, and what lies beside those.
inline Numbers primes_and_squares() {
  Numbers all;
  for (int bits : {16, 17, 21, 24, 25, 26, 31, 32, 33, 42, 47, 48, 49, 50, 51, 52, 53, 63, 64}) {
    Number below = bits == 64 ? 0 : Number{1} << bits, above = below;  // 0 stands for 2^64
    for (int i = 0; i < 6; ++i) {
      all.push_back(below = previous_prime(below));
      if (bits < 64) all.push_back(above = next_prime(above));
    }
  }
  for (std::size_t i = all.size(); i-- > 0;)
    if (product_fits(all[i], all[i])) {
      const Number square = all[i] * all[i];
      all.insert(all.end(), {square, square - 2, square + 2});
    }
  return all;
}

/// All powers of all primes below 2^16 and of some above.
inline Numbers prime_powers() {
  Numbers all;
  const auto append_powers = [&](Number p) {
    for (Number power = p;; power *= p) {
      all.push_back(power);
      if (!product_fits(power, p)) break;
    }
  };
  for (Number p = 2; p < 65536; p = next_prime(p)) append_powers(p);
  for (int bits : {17, 18, 19, 20, 21, 26, 31, 32}) append_powers(previous_prime(Number{1} << bits));
  return all;
}

/// Composites that pass many primality tests: those of the form (k + 1)(r k + 1), which strong tests let through most
/// often, Carmichael numbers (6 k + 1)(12 k + 1)(18 k + 1), and the least that pass the tests to the first 1, 2, ...
/// prime bases (OEIS A014233).
inline Numbers pseudoprimes() {
  Numbers all = {2047,          1373653,       25326001,        3215031751,
                 2152302898747, 3474749660383, 341550071728321, 3825123056546413051};
  all.insert(all.end(), {561, 1105, 1729, 2465, 2821, 6601, 8911, 41041, 825265, 321197185, 9746347772161, 413138881,
                         2301745249, 3313196881, 4759123141});
  for (Number start : {460ull, 20'000ull, 46'000ull, 1'000'000ull, 1'200'000'000ull, 2'147'000'000ull}) {
    Number p = start;
    for (int i = 0; i < 400; ++i) {
      p = next_prime(p);
      for (Number r : {2, 3, 4, 5, 6, 8, 12})
        if (is_prime(r * (p - 1) + 1)) append_product(all, p, r * (p - 1) + 1);
    }
  }
  for (Number start : {1ull, 1'000ull, 100'000ull, 200'000ull, 230'000ull})
    for (Number k = start; k < start + 10'000; ++k)
      if (is_prime(6 * k + 1) && is_prime(12 * k + 1) && is_prime(18 * k + 1))
        append_product(all, 6 * k + 1, 12 * k + 1, 18 * k + 1);
  return all;
}

/// Few or many primes of like size.
inline Numbers products(std::uint64_t seed) {
  Numbers all = {1523ull * 1559 * 2141 * 4957,  // their elliptic curves often end together
                 614889782588491410ull,         // 15 primes: 2 * 3 * ... * 47
                 16294579238595022365ull,       // 15 primes: 3 * 5 * ... * 53
                 467ull * 479 * 487 * 491 * 499 * 503 * 509};
  const samples::Random random(seed, 7);
  std::size_t draw = 0;
  const auto prime = [&](int bits) { return next_prime(random.bits(draw++) >> (64 - bits) | Number{1} << (bits - 1)); };
  for (int bits = 9; bits <= 32; ++bits)
    for (int i = 0; i < 12; ++i) {
      const Number p = prime(bits), close = next_prime(p);
      append_product(all, p, close);
      append_product(all, p, prime(bits));
      append_product(all, p, p, prime(bits));
      append_product(all, p, close, next_prime(close));
      append_product(all, p, prime(9), prime(10) * prime(9));
    }
  for (int bits : {24, 25, 26, 32})
    for (int i = 0; i < 150; ++i) append_product(all, prime(bits), prime(bits));
  // A group of these may fall apart into twice as many composites below 2^32 at once.
  for (int i = 0; i < 1100; ++i) append_product(all, prime(16), prime(15), prime(15) * prime(16));
  return all;
}

/// All of the above.
inline Numbers all(std::uint64_t seed) {
  Numbers numbers;
  for (const Numbers& some : {borders(), primes_and_squares(), prime_powers(), pseudoprimes(), products(seed)})
    numbers.insert(numbers.end(), some.begin(), some.end());
  return numbers;
}

}  // namespace flynn::hard

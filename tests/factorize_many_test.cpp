// Many numbers at full speed: every row must ascend, multiply to its number and hold primes by the scalar test, which
// is no part of the lanes, or, where the peers are built, by FLINT's. FLYNN_TEST_FACTORIZE is how many random 64-bit
// numbers; a hundredth of it are semiprimes of each kind.

#include <gtest/gtest.h>
#include <flynn/flynn.hpp>

#include <cstdlib>

#include <cpu_fallback/number_theory.hpp>
#include <tests/hard_numbers.hpp>
#include <tests/seed.hpp>
#ifdef FLYNN_TEST_FLINT
#include <flint/flint.h>
#include <flint/ulong_extras.h>
#endif

namespace flynn {
namespace {

using Numbers = std::vector<std::uint64_t>;

std::size_t count_of_random() {
  const char* given = std::getenv("FLYNN_TEST_FACTORIZE");
  return given ? std::strtoull(given, nullptr, 10) : 1'000'000;
}

bool is_prime(std::uint64_t n) {
#ifdef FLYNN_TEST_FLINT
  return n_is_prime(n);
#else
  return n <= 61 ? hard::is_prime(n) : n % 2 != 0 && scalar::is_prime(n);
#endif
}

/// The first number whose row is wrong, or 0.
std::uint64_t first_wrong(const Numbers& numbers, const Factors& factors) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::uint64_t product = 1, before = 1;
    for (std::size_t k = factors.offsets[i]; k < factors.offsets[i + 1]; ++k) {
      const std::uint64_t p = factors.primes[k];
      if (p <= before || !is_prime(p)) return numbers[i];
      before = p;
      for (int e = 0; e < factors.exponents[k]; ++e)
        if (__builtin_mul_overflow(product, p, &product)) return numbers[i];
    }
    if (product != numbers[i] && numbers[i] != 0) return numbers[i];
  }
  return 0;
}

/// Factorises number(0), ..., number(count - 1) on the best instruction set, a batch at a time.
template <class Number>
void check(std::size_t count, Number number) {
  constexpr std::size_t batch = 1 << 16;
  for (std::size_t begin = 0; begin < count; begin += batch) {
    Numbers numbers(std::min(batch, count - begin));
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = number(begin + i);
    ASSERT_EQ(first_wrong(numbers, factorize(numbers, {.backend = "threads"})), 0u);
  }
}

TEST(FactorizeMany, Random64Bit) {
  const samples::Random random(test_seed(), 11);
  check(count_of_random(), [&](std::size_t i) { return random.bits(i); });
}

/// The product of two primes of this many bits each.
std::uint64_t semiprime(const samples::Random& random, std::size_t i, int bits) {
  const auto prime = [&](std::uint64_t draw) {
    std::uint64_t n = draw >> (64 - bits) | std::uint64_t{1} << (bits - 1) | 1;
    while (!is_prime(n)) n = n == (std::uint64_t{1} << bits) - 1 ? std::uint64_t{1} << (bits - 1) | 1 : n + 2;
    return n;
  };
  return prime(random.bits(2 * i)) * prime(random.bits(2 * i + 1));
}

TEST(FactorizeMany, Semiprimes52Bit) {
  const samples::Random random(test_seed(), 12);
  check(count_of_random() / 100, [&](std::size_t i) { return semiprime(random, i, 26); });
}

TEST(FactorizeMany, Semiprimes64Bit) {
  const samples::Random random(test_seed(), 13);
  check(count_of_random() / 100, [&](std::size_t i) { return semiprime(random, i, 32); });
}

TEST(FactorizeMany, SeesPlantedErrors) {
  const Numbers numbers = {35, 4294967291u};
  Factors factors = factorize(numbers, {.backend = "scalar"});
  ASSERT_EQ(first_wrong(numbers, factors), 0u);
  factors.primes[2] += 2;
  EXPECT_EQ(first_wrong(numbers, factors), 4294967291u);
  factors.primes[1] = 5;
  EXPECT_EQ(first_wrong(numbers, factors), 35u);
}

}  // namespace
}  // namespace flynn

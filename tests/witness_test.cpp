// The proof of simd/factorize/witness.hpp: derives its table from nothing, by listing for each base all composites that
// pass, and compares. So the primality of numbers below 2^32 in lanes rests on no list of others.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include <simd/factorize/witness.hpp>
#include <tests/seed.hpp>

namespace flynn::simd {
namespace {

using Number = std::uint64_t;
constexpr Number limit = Number{1} << 32, least_factor = 467;

Number power(Number base, Number exponent, Number n) {
  Number result = 1;
  for (base %= n; exponent > 0; exponent >>= 1, base = base * base % n)
    if (exponent & 1) result = result * base % n;
  return result;
}

std::vector<Number> primes_below(Number end) {
  std::vector<bool> composite(end);
  std::vector<Number> primes;
  for (Number p = 2; p < end; ++p) {
    if (composite[p]) continue;
    primes.push_back(p);
    for (Number m = p * p; m < end; m += p) composite[m] = true;
  }
  return primes;
}
const std::vector<Number> primes = primes_below(65536);

/// The least r > 0 with base^r = 1 modulo the prime p.
Number order(Number base, Number p) {
  Number r = p - 1, rest = p - 1;
  const auto take_out = [&](Number q) {
    while (r % q == 0 && power(base, r / q, p) == 1) r /= q;
  };
  for (Number q : primes) {
    if (q * q > rest) break;
    if (rest % q != 0) continue;
    while (rest % q == 0) rest /= q;
    take_out(q);
  }
  if (rest > 1) take_out(rest);
  return r;
}

/// The test of narrow.hpp, in plain arithmetic.
bool passes(Number n, Number base) {
  const Number x = power(base, (n - 1) >> (n % 4 == 1 ? 2 : 1), n);
  return x == 1 || x == n - 1 || (n % 4 == 1 && x * x % n == n - 1);
}

bool has_small_factor(Number n) {
  return std::any_of(primes.begin(), primes.end(), [&](Number p) { return p < least_factor && n % p == 0; });
}

/// Calls f(n) for all composite n below 2^32 without a factor below 467 that pass the test to this base and are wanted.
/// Whatever passes has base^(n - 1) = 1 modulo each prime factor p of n, so n = 1 modulo the order of base there. That
/// divides p - 1: so in n = p m, m = 1 modulo the order too.
template <class Wanted, class F>
void each_pseudoprime(Number base, Wanted wanted, F f) {
  for (Number p : primes) {
    if (p < least_factor) continue;
    const Number r = order(base, p);
    for (Number m = 1 + r; p * m < limit; m += r)
      if (m >= p && m % 2 == 1 && wanted(p * m) && passes(p * m, base) && !has_small_factor(p * m)) f(p * m);
  }
}

/// For each bucket the least base above 1 that no composite of the bucket passes, the exceptions aside.
std::vector<unsigned> derive_witnesses() {
  std::vector<unsigned> table(witness_buckets);
  std::size_t open = table.size();
  for (unsigned base = 2; open > 0 && base < 256; ++base) {
    std::vector<bool> passed(table.size());
    each_pseudoprime(
        base, [&](Number n) { return table[witness_bucket(n)] == 0 && !is_witness_exception(n); },
        [&](Number n) { passed[witness_bucket(n)] = true; });
    for (std::size_t i = 0; i < table.size(); ++i)
      if (table[i] == 0 && !passed[i]) table[i] = base, --open;
  }
  return table;
}

TEST(Witness, TableIsWhatTheProofGives) {
  const std::vector<unsigned> table = derive_witnesses();
  for (std::size_t i = 0; i < table.size(); ++i) ASSERT_EQ(table[i], witness_table[i]) << "bucket " << i;
}

TEST(Witness, ExceptionsAreNeeded) {
  for (Number n : witness_exceptions)
    for (unsigned base : {2, 3, 5, 7, 11, 13, 17, 19, 23}) EXPECT_TRUE(passes(n, base)) << n << ", base " << base;
}

// The proof must see a wrong entry: in 64 buckets, base 2 in the place of the right one lets a composite through.
TEST(Witness, ProofSeesWrongBases) {
  std::size_t caught = 0;
  each_pseudoprime(
      2, [&](Number n) { return witness_table[witness_bucket(n)] != 2; }, [&](Number) { ++caught; });
  EXPECT_GE(caught, 64u);
}

}  // namespace
}  // namespace flynn::simd

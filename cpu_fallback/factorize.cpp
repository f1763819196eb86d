#include <cpu_fallback/kernels.hpp>
#include <cpu_fallback/number_theory.hpp>
#include <cpu_fallback/small_primes.hpp>

namespace flynn::scalar {
namespace {

/// The row of one number while it grows.
struct FactorRow {
  std::uint64_t* primes;
  std::uint8_t* exponents;
  std::uint8_t count = 0;

  void add(std::uint64_t prime, unsigned exponent) {
    primes[count] = prime;
    exponents[count++] = static_cast<std::uint8_t>(exponent);
  }
};

/// Takes the primes up to 463 out of n > 0 and returns what is left.
std::uint64_t divide_by_small_primes(std::uint64_t n, FactorRow& row) {
  if (const unsigned twos = static_cast<unsigned>(__builtin_ctzll(n)); twos > 0) {
    row.add(2, twos);
    n >>= twos;
  }
  for (std::size_t k = 0; k < trial_primes; ++k) {
    std::uint64_t quotient = n * primes_u64.inverse[k];
    if (quotient > primes_u64.limit[k]) continue;
    unsigned exponent = 0;
    for (; quotient <= primes_u64.limit[k]; quotient = n * primes_u64.inverse[k], ++exponent) n = quotient;
    row.add(primes_u64.prime[k], exponent);
  }
  return n;
}

/// Adds the primes of n, which has none up to 463: at most 7 of them, since 467^8 > 2^64.
void split_to_primes(std::uint64_t n, FactorRow& row) {
  std::uint64_t parts[7] = {n}, primes[7];
  std::size_t part_count = 1, prime_count = 0;
  while (part_count > 0) {
    const std::uint64_t part = parts[--part_count];
    if (part < least_composite || is_prime(part)) {
      std::size_t place = prime_count++;
      for (; place > 0 && primes[place - 1] > part; --place) primes[place] = primes[place - 1];
      primes[place] = part;
    } else {
      const std::uint64_t factor = split(part);
      parts[part_count++] = factor;
      parts[part_count++] = part / factor;
    }
  }
  for (std::size_t i = 0; i < prime_count; ++i)
    if (i > 0 && primes[i] == primes[i - 1])
      ++row.exponents[row.count - 1];
    else
      row.add(primes[i], 1);
}

}  // namespace

template <class T>
Status factorize(const Factorize<T>& w, Execution& execution) {
  constexpr std::size_t group = Factorize<T>::group, capacity = Factorize<T>::row_capacity;
  FactorRow row{};
  for (std::size_t i = 0; i < w.numbers.size(); ++i) {
    // 8 numbers take 10 ms at worst: two prime factors next to 2^32 each, and a walk of 2^17 steps.
    if (i % 8 == 0)
      if (Status s = poll(execution); !s.ok()) return s;
    row = i % group == 0 ? FactorRow{&w.primes[capacity * i], &w.exponents[capacity * i]}
                         : FactorRow{row.primes + row.count, row.exponents + row.count};
    if (w.numbers[i] > 0)
      if (const std::uint64_t rest = divide_by_small_primes(w.numbers[i], row); rest > 1) split_to_primes(rest, row);
    w.counts[i] = row.count;
  }
  return {};
}

template Status factorize(const Factorize<std::uint64_t>&, Execution&);

}  // namespace flynn::scalar

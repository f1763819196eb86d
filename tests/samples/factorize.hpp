#pragma once
#include <tests/samples/sample.hpp>

namespace flynn::samples {

template <class T>
struct Sample<Factorize<T>> {
  using W = Factorize<T>;
  static std::vector<std::size_t> sizes() { return {0, 1, 7, 8, 9, 31, 33, 1023, 1024, 1025, 3001}; }

  static constexpr std::string_view params[] = {
      "", "32-bit", "48-bit", "64-bit", "52-bit-semiprimes", "64-bit-semiprimes"};

  /// Numbers in [20000, 1e8], or as params say; the tests of factorize itself go up to 64 bits with special values.
  static void fill(W& w, Memory& memory, std::uint64_t seed, Values values, std::string_view params = {}) {
    allocate(w, memory, seed, values);
    const Random random(seed, 99);
    for (std::size_t i = 0; i < w.numbers.size(); ++i)
      const_cast<T&>(w.numbers[i]) =
          values == Values::special ? random.bits(i) >> (random.bits(i) % 64) : number(random, i, params);
  }

  /// Number i of a set: random ones below 2^bits; products of two random primes of half as many bits.
  static T number(const Random& random, std::size_t i, std::string_view params) {
    if (params.empty()) return random.between(i, 20'000, 100'000'000);
    const int bits = params.starts_with("32") ? 32 : params.starts_with("48") ? 48 : params.starts_with("52") ? 52 : 64;
    if (!params.ends_with("semiprimes")) return random.bits(i) >> (64 - bits);
    return prime(random.bits(2 * i), bits / 2) * prime(random.bits(2 * i + 1), bits / 2);
  }

  /// The first prime from a random number on that is not below 2^bits / sqrt(2): the product of two has twice the bits.
  static T prime(T random, int bits) {
    const T high = T(1) << bits, low = T(double(high) * 0.70710679);
    for (T p = (low + random % (high - low)) | 1;; p = p + 2 < high ? p + 2 : (low | 1))
      if (is_prime(p)) return p;
  }

  /// Every number must be the product of its row, the row ascending, and each prime one by a test that shares no code
  /// with the library's.
  static Verdict judge(const W& got, const W& fresh) {
    Verdict verdict{"wrong rows", 0, 0, true, {}};
    std::size_t at = 0;
    for (std::size_t i = 0; i < got.numbers.size(); ++i) {
      if (i % W::group == 0) at = W::row_capacity * i;
      if (!row_is_right(fresh.numbers[i], &got.primes[at], &got.exponents[at], got.counts[i]) && verdict.value++ == 0)
        verdict.where = "the factors of " + std::to_string(fresh.numbers[i]) + " are wrong";
      at += std::min<std::size_t>(got.counts[i], W::row_capacity);
    }
    verdict.pass = verdict.value == 0;
    return verdict;
  }

  /// One prime becomes its neighbour.
  static void plant(const W& got) {
    for (std::size_t i = 0; i < got.numbers.size(); ++i)
      if (got.counts[i] > 0) {
        got.primes[W::row_capacity * (i / W::group) * W::group] += 2;
        return;
      }
  }

  static bool row_is_right(T n, const T* primes, const std::uint8_t* exponents, std::uint8_t count) {
    if (n < 2 || count > W::row_capacity) return count == 0;
    unsigned __int128 product = 1;
    for (std::uint8_t j = 0; j < count; ++j) {
      if (exponents[j] == 0 || (j > 0 && primes[j] <= primes[j - 1]) || !is_prime(primes[j])) return false;
      for (std::uint8_t e = 0; e < exponents[j]; ++e)
        if ((product *= primes[j]) > n) return false;
    }
    return product == n;
  }

  /// Miller-Rabin with the first twelve primes, which decides below 3.3e24 (Sorenson, Webster: "Strong pseudoprimes to
  /// twelve prime bases", Math. Comp. 86, 2017), with plain remainders. The first four decide below 3215031751
  /// (Jaeschke: "On strong pseudoprimes to several bases", Math. Comp. 61, 1993).
  static bool is_prime(T n) {
    if (n < 2) return false;
    constexpr T enough_for_four = 3'215'031'751;
    constexpr T bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    for (T p : bases)
      if (n % p == 0) return n == p;
    const int twos = __builtin_ctzll(n - 1);
    auto times = [n](T a, T b) { return n >> 32 == 0 ? a * b % n : T((unsigned __int128)(a)*b % n); };
    for (T base : bases) {
      if (base > 7 && n < enough_for_four) break;
      T x = 1, power = base;
      for (T e = (n - 1) >> twos; e > 0; e >>= 1, power = times(power, power))
        if (e & 1) x = times(x, power);
      bool witness = x != 1 && x != n - 1;
      for (int r = 1; r < twos && witness; ++r) witness = (x = times(x, x)) != n - 1;
      if (witness) return false;
    }
    return true;
  }
};

}  // namespace flynn::samples

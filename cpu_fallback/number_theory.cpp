#include <cpu_fallback/number_theory.hpp>

#include <initializer_list>

namespace flynn::scalar {
namespace {

/// Whether n passes the strong test to this base: base^d = 1 or base^(d 2^j) = -1 for some j < s, n - 1 = d 2^s, d odd.
bool is_strong_probable_prime(const Montgomery& m, std::uint64_t base) {
  const int s = __builtin_ctzll(m.n - 1);
  const std::uint64_t d = (m.n - 1) >> s, b = m.enter(base % m.n), minus_one = m.n - m.one;
  std::uint64_t x = b;
  for (int bit = 62 - __builtin_clzll(d); bit >= 0; --bit) {
    x = m.mul(x, x);
    if (d >> bit & 1) x = m.mul(x, b);
  }
  if (x == m.one || x == minus_one) return true;
  for (int j = 1; j < s; ++j) {
    x = m.mul(x, x);
    if (x == minus_one) return true;
  }
  return false;
}

/// A proper factor of a composite odd n, or 0 when none was found in `steps` steps or the walk closed modulo all prime
/// factors at once. Pollard's rho with Brent's search for the cycle: x -> x^2 + c, about 1.2 sqrt(p) steps for the
/// least prime factor p, one gcd for `stride` of them. (Brent, "An improved Monte Carlo factorization algorithm",
/// 1980.)
std::uint64_t pollard_brent(const Montgomery& m, std::uint64_t c, std::uint64_t steps) {
  const std::uint64_t stride = m.n < (std::uint64_t{1} << 40) ? 32 : 128;
  const auto step = [&](std::uint64_t x) { return m.add(m.mul(x, x), c); };
  std::uint64_t y = m.add(m.one, m.one), tortoise = y, before = y, g = 1;
  for (std::uint64_t lap = 1; g == 1 && lap <= steps; lap *= 2) {
    tortoise = y;
    for (std::uint64_t i = 0; i < lap; ++i) y = step(y);
    for (std::uint64_t done = 0; done < lap && g == 1; done += stride) {
      before = y;
      std::uint64_t product = m.one;
      for (std::uint64_t i = 0; i < stride && i < lap - done; ++i) {
        y = step(y);
        product = m.mul(product, m.sub(tortoise, y));
      }
      g = gcd_odd(product, m.n);
    }
  }
  if (g == m.n) {  // the product swallowed several factors: take the stretch again, one gcd a step
    y = before;
    do {
      y = step(y);
      g = gcd_odd(m.sub(tortoise, y), m.n);
    } while (g == 1);
  }
  return g == 1 || g == m.n ? 0 : g;
}

}  // namespace

bool is_prime(std::uint64_t n) {
  const Montgomery m(n);
  const auto passes = [&](std::initializer_list<std::uint64_t> bases) {
    for (std::uint64_t base : bases)
      if (!is_strong_probable_prime(m, base)) return false;
    return true;
  };
  if (n < 4'759'123'141) return passes({2, 7, 61});
  if (n < 3'474'749'660'383) return passes({2, 3, 5, 7, 11, 13});
  if (n < 341'550'071'728'321) return passes({2, 3, 5, 7, 11, 13, 17});
  if (n < 3'825'123'056'546'413'051) return passes({2, 3, 5, 7, 11, 13, 17, 19, 23});
  return passes({2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37});  // enough up to 3.18e23
}

std::uint64_t find_factor(std::uint64_t n, std::uint64_t steps, int walks) {
  const Montgomery m(n);
  std::uint64_t factor = 0;
  for (std::uint64_t c = m.one; factor == 0 && walks > 0; c = m.add(c, m.one), --walks)
    factor = pollard_brent(m, c, steps);
  return factor;
}

std::uint64_t split(std::uint64_t n) {
  // The root of a square takes no walk.
  if (const std::uint64_t root = integer_sqrt(n); root * root == n) return root;
  // No number is known that needs more than a few walks: each closes modulo all prime factors at once by bad luck only.
  for (int walks = 8;; walks *= 2)
    if (const std::uint64_t factor = find_factor(n, std::uint64_t{1} << 20, walks)) return factor;
}

}  // namespace flynn::scalar

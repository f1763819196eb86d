// The prime factors of hard numbers, one after the other and by ten processes.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

std::vector<std::uint64_t> factorize(std::uint64_t n) {
  std::vector<std::uint64_t> factors;
  for (std::uint64_t p = 2; p * p <= n; ++p)
    for (; n % p == 0; n /= p) factors.push_back(p);
  if (n > 1) factors.push_back(n);
  return factors;
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 0; i < 40; ++i) numbers.push_back(1'000'000'007ull * (1'000'003 + 2 * i));
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  std::vector<std::vector<std::uint64_t>> one_by_one;
  for (std::uint64_t n : numbers) one_by_one.push_back(factorize(n));
  const auto middle = Clock::now();
  mp::Pool pool(10);
  const auto by_ten = pool.map(factorize, numbers);
  const auto end = Clock::now();
  std::printf("%zu numbers, %s\n", numbers.size(), one_by_one == by_ten ? "the same factors" : "DIFFERENT factors");
  const std::chrono::duration<double, std::milli> sequential = middle - begin, parallel = end - middle;
  std::fprintf(stderr, "sequential %.1f ms, 10 processes on %u CPUs %.1f ms\n", sequential.count(), mp::cpu_count(),
               parallel.count());
}

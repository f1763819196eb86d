#pragma once
#include <vector>

#include <flynn/spec.hpp>

namespace flynn {

/// The prime factors of a batch of numbers: number i has primes[offsets[i]] < ... < primes[offsets[i + 1] - 1], each
/// with its exponent. 0 and 1 have none.
struct Factors {
  std::vector<std::uint64_t> primes;
  std::vector<std::uint8_t> exponents;
  std::vector<std::size_t> offsets = {0};

  std::size_t size() const { return offsets.size() - 1; }
};

/// The distinct prime factors, ascending, and their exponents, of every number of a batch; right for every n < 2^64:
/// each prime is proven by a test that is deterministic below 2^64.
///
/// A number has at most 15 distinct primes, so the windows hold 15 times as many entries as there are numbers. Numbers
/// go by groups of `group`: the rows of a group are packed without gaps from the start of the group's window, primes[15
/// * first number of the group], and counts[i] tells the length of row i. The rest of a window is unspecified.
template <class T>
struct Factorize {
  static_assert(std::is_same_v<T, std::uint64_t>);
  using value_type = T;
  using box = Box<1>;
  static constexpr std::string_view name = "factorize";
  static constexpr std::uint32_t version = 1;
  static constexpr Rate rate = Rate::items;
  static constexpr std::size_t row_capacity = 15, group = 1024;

  In<T> numbers;
  Out<T> primes;                ///< 15 n
  Out<std::uint8_t> exponents;  ///< 15 n
  Out<std::uint8_t> counts;     ///< n

  static Factorize shape(std::size_t n) {
    return {{nullptr, n}, {nullptr, row_capacity * n}, {nullptr, row_capacity * n}, {nullptr, n}};
  }
  Status check(Text& text) const {
    if (Status s = check_view(text, "numbers", numbers); !s.ok()) return s;
    if (Status s = check_view(text, "primes", primes); !s.ok()) return s;
    if (Status s = check_view(text, "exponents", exponents); !s.ok()) return s;
    if (Status s = check_view(text, "counts", counts); !s.ok()) return s;
    if (counts.size() == numbers.size() && primes.size() / row_capacity == numbers.size() &&
        exponents.size() / row_capacity == numbers.size())
      return {};
    return fail(text, Code::invalid_argument,
                "%zu numbers need %zu primes and exponents and %zu counts; there are %zu, %zu and %zu", numbers.size(),
                row_capacity * numbers.size(), numbers.size(), primes.size(), exponents.size(), counts.size());
  }
  /// About 1000 operations a number; between 100 and 100,000 in truth, by the number.
  Cost cost() const {
    const double n = double(numbers.size());
    return {.flops = 1000 * n, .bytes = (sizeof(T) + 1 + 3 * 9) * n, .items = n};
  }
  void each_buffer(auto&& f) { f(numbers), f(primes), f(exponents), f(counts); }
  Cut<1> cut() const { return {Axis{.extent = numbers.size(), .granule = group, .least = group, .most = group}}; }
  Factorize part(const box& b) const {
    const Range window{row_capacity * b[0].begin, row_capacity * b[0].end};
    return {numbers.part(b[0]), primes.part(window), exponents.part(window), counts.part(b[0])};
  }
};

}  // namespace flynn

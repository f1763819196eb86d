#pragma once
// The output of factorize, for peers that factorise a number at a time.

#include <algorithm>
#include <thread>
#include <vector>

#include <bench/peers/peer.hpp>

namespace flynn::bench {

using Numbers = Factorize<std::uint64_t>;

/// Writes the rows of consecutive numbers from the start of a group.
class Rows {
 public:
  Rows(Numbers& w, std::size_t first) : w_(w), number_(first) {}
  /// The next number has this row.
  void begin() {
    if (number_ % Numbers::group == 0) at_ = Numbers::row_capacity * number_;
    start_ = at_;
  }
  void add(std::uint64_t prime, unsigned exponent) {
    std::size_t i = at_++;
    for (; i > start_ && w_.primes[i - 1] > prime; --i) {  // not all peers give them in order
      w_.primes[i] = w_.primes[i - 1];
      w_.exponents[i] = w_.exponents[i - 1];
    }
    w_.primes[i] = prime;
    w_.exponents[i] = std::uint8_t(exponent);
  }
  void end() { w_.counts[number_++] = std::uint8_t(at_ - start_); }

 private:
  Numbers& w_;
  std::size_t number_, at_ = 0, start_ = 0;
};

/// The first number of part i of `parts`: whole groups.
inline std::size_t part_begin(std::size_t n, unsigned i, unsigned parts) {
  const std::size_t groups = (n + Numbers::group - 1) / Numbers::group;
  return std::min(groups * i / parts * Numbers::group, n);
}

/// Calls body(part, rows, begin, end) for as many parts as there are threads, each on a thread of its own.
void by_parts(Numbers& w, unsigned threads, auto&& body) {
  std::vector<std::jthread> team;
  auto part = [&](unsigned i) {
    const std::size_t begin = part_begin(w.numbers.size(), i, threads);
    Rows rows(w, begin);
    body(i, rows, begin, part_begin(w.numbers.size(), i + 1, threads));
  };
  for (unsigned i = 1; i < threads; ++i) team.emplace_back(part, i);
  part(0);
}

}  // namespace flynn::bench

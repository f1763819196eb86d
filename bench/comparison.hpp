#pragma once
#include <optional>
#include <vector>

#include <bench/figure.hpp>

namespace flynn::bench {

/// flynn's best CPU backend beside the best peer, on so many threads.
struct Comparison {
  SpecInfo spec;
  std::string_view params;
  std::size_t n = 0;
  unsigned threads = 1;
  std::string_view rate_unit;
  std::string_view backend = {}, peer = {};  ///< empty: none was right
  unsigned backend_threads = 0, peer_threads = 0;
  double rate = 0, peer_rate = 0;
  std::optional<double> ceiling_fraction = {};  ///< of flynn
  std::optional<Ratio> ratio = {};              ///< of the rates, flynn's over the peer's; when both are there
};

/// The comparisons that a group's figures give: on one thread, and on `threads`. Who may use n threads may also use
/// one, so the second is between the best of all rows. Rows that failed or are wrong do not count.
std::vector<Comparison> compare(const std::vector<Figure>& group, unsigned threads, std::uint64_t seed);

}  // namespace flynn::bench

#include <algorithm>
#include <cmath>
#include <random>
#include <tuple>
#include <vector>

#include <bench/statistics.hpp>

namespace flynn::bench {
namespace {

/// Reorders its argument.
double median_of(std::vector<double>& values) {
  const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

/// Linear between the two nearest ranks.
double quantile(const std::vector<double>& sorted, double q) {
  const double rank = q * double(sorted.size() - 1);
  const std::size_t below = std::size_t(rank), above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - double(below)) * (sorted[above] - sorted[below]);
}

/// The high half of a 128-bit product: the standard leaves the numbers of its own distributions open.
std::size_t below(std::mt19937_64& random, std::size_t n) {
  return std::size_t((unsigned __int128)(random()) * n >> 64);
}

/// The 95 % interval of a statistic that `draw` gives for one resampling.
std::pair<double, double> bootstrap(std::uint64_t seed, auto&& draw) {
  constexpr int draws = 1000;
  std::mt19937_64 random(seed);
  std::vector<double> results(draws);
  for (double& result : results) result = draw(random);
  std::sort(results.begin(), results.end());
  return {quantile(results, 0.025), quantile(results, 0.975)};
}

}  // namespace

double median(std::span<const double> samples) {
  std::vector<double> copy(samples.begin(), samples.end());
  return median_of(copy);
}

double median_distance(std::span<const double> samples) {
  const double middle = median(samples);
  std::vector<double> distances(samples.begin(), samples.end());
  for (double& x : distances) x = std::fabs(x - middle);
  return median_of(distances);
}

Summary summarize(std::span<const double> samples, std::uint64_t seed) {
  Summary summary;
  if (samples.empty()) return summary;
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  summary.count = sorted.size();
  summary.median = median(samples);
  summary.mad = median_distance(samples);
  summary.min = sorted.front();
  summary.p95 = sorted[std::size_t(std::ceil(0.95 * double(sorted.size()))) - 1];
  const double low = quantile(sorted, 0.25), high = quantile(sorted, 0.75), reach = 1.5 * (high - low);
  for (double x : sorted) summary.outliers += x < low - reach || x > high + reach;
  std::vector<double> drawn(sorted.size());
  std::tie(summary.ci_low, summary.ci_high) = bootstrap(seed, [&](std::mt19937_64& random) {
    for (double& x : drawn) x = sorted[below(random, sorted.size())];
    return median_of(drawn);
  });
  return summary;
}

Ratio ratio_of_medians(std::span<const double> over, std::span<const double> under, std::uint64_t seed) {
  const std::size_t rounds = std::min(over.size(), under.size());
  Ratio ratio{.value = median(over.first(rounds)) / median(under.first(rounds))};
  std::vector<double> a(rounds), b(rounds);
  std::tie(ratio.low, ratio.high) = bootstrap(seed, [&](std::mt19937_64& random) {
    for (std::size_t i = 0; i < rounds; ++i) {
      const std::size_t round = below(random, rounds);
      a[i] = over[round], b[i] = under[round];
    }
    return median_of(a) / median_of(b);
  });
  return ratio;
}

double median_of_ratios(std::span<const double> over, std::span<const double> under) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(over.size(), under.size()); ++i) ratios.push_back(over[i] / under[i]);
  return median(ratios);
}

}  // namespace flynn::bench

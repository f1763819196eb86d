#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace flynn::bench {

/// What a set of samples says. Outliers are counted and kept: the figures are robust, and a machine that is disturbed
/// now and then is a fact about that machine.
struct Summary {
  double median = 0;
  double mad = 0;  ///< median of the distances to the median; half of the samples are closer
  double min = 0;
  double p95 = 0;                  ///< the least sample that 95 % do not exceed
  double ci_low = 0, ci_high = 0;  ///< 95 % confidence interval of the median, by bootstrap
  std::size_t count = 0;
  std::size_t outliers = 0;  ///< beyond the quartiles by more than 1.5 times their distance (Tukey)

  /// The noise relative to the median, 0 for less than two samples.
  double noise() const { return median > 0 ? mad / median : 0; }
};

/// A ratio and its 95 % confidence interval.
struct Ratio {
  double value = 0, low = 0, high = 0;
};

/// The middle of the sorted samples; the mean of both middles for an even count. There must be a sample.
double median(std::span<const double> samples);

/// Median of the distances to the median.
double median_distance(std::span<const double> samples);

/// The percentile bootstrap draws 1000 times (Efron: "Bootstrap Methods: Another Look at the Jackknife", Ann. Statist.
/// 7, 1979); equal seeds give equal intervals. No samples: all zero. O(1000 n).
Summary summarize(std::span<const double> samples, std::uint64_t seed);

/// median(over) / median(under) of samples that were taken in the same rounds: the bootstrap draws rounds, so that what
/// drifted in both alike does not widen the interval. Of unlike lengths the first rounds of both count. There must be
/// one. O(1000 n).
Ratio ratio_of_medians(std::span<const double> over, std::span<const double> under, std::uint64_t seed);

/// The median of over / under, round by round: a drift of both is in neither. Of unlike lengths the first rounds of
/// both count. There must be one. O(n).
double median_of_ratios(std::span<const double> over, std::span<const double> under);

}  // namespace flynn::bench

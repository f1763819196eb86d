#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include <flynn/calibration.hpp>
#include <host/registry.hpp>

namespace flynn {

/// What one call took.
struct Timing {
  double seconds, transfer;
};

/// Times calls of one spec.
class Stopwatch {
 public:
  virtual ~Stopwatch() = default;
  /// The first call on a backend, with whatever it opens and compiles; empty when it cannot run there.
  virtual std::optional<Timing> first(const Entry& entry) = 0;
  /// A sample at size n: the mean of as many calls as make it long enough.
  virtual std::optional<Timing> sample(const Entry& entry, std::size_t n) = 0;
};

/// How much is measured.
struct Effort {
  std::size_t samples;         ///< at each size, after the first one, which is dropped; fewer where time is short
  double sample_seconds;       ///< calls are repeated until they take so long together
  double call_seconds;         ///< no larger sizes once a call takes so long
  double total_seconds;        ///< for all; a spec that has used up its share is not measured at larger sizes
  double most_bytes = 0x1p30;  ///< of a call: no cache should hold it
};

/// The median of samples, without the outliers: those of more than twice the median of all, or less than half. As few
/// as three of five good ones decide. There must be a sample.
Calibration::Point summarize(std::span<const Timing> samples, double work, double smallest_call);

/// A size for each power of two of a spec's work, as long as its memory stays below `most_bytes`.
std::vector<std::size_t> sizes_of(std::size_t spec, double most_bytes);

/// The curves of one spec, for `share` seconds from when all are open: backends taken in turns at each size, and all
/// sizes once before any has its next sample. None when that ends before the sizes where backends change places: what
/// small calls take says nothing of large ones.
std::vector<Calibration::Curve> measure_curves(std::size_t spec, std::span<const std::size_t> sizes,
                                               std::span<const Entry* const> entries, Stopwatch& stopwatch,
                                               const Effort& effort, double share);

/// The work and the memory of a call of size n.
double work_at(std::size_t spec, std::size_t n);
double bytes_at(std::size_t spec, std::size_t n);

}  // namespace flynn

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
  std::size_t samples;    ///< of a round at each size, after the first one, which is dropped; fewer if time is short
  double sample_seconds;  ///< calls are repeated until they take so long together
  double call_seconds;    ///< no larger sizes once a call takes so long
  double total_seconds;   ///< for all; a spec that has used up its share is not measured at larger sizes
  double most_bytes = 0x1p30;  ///< of a call: no cache should hold it
};

/// One spec on all backends, in rounds that should lie seconds apart: what disturbs a machine for so long only makes
/// calls longer, so of each point the better round counts.
class Survey {
 public:
  /// At one size for each power of two of the spec's work, as long as its memory stays below `most_bytes`.
  Survey(std::size_t spec, double most_bytes, std::span<const Entry* const> entries);

  /// A round of `share` seconds, beside what the first call on a backend takes. In the first one backends take turns at
  /// each size, and all sizes come once before any has its next sample; nothing is known after it when it ends before
  /// the sizes where backends change places: what small calls take says nothing of large ones. Later ones are of those
  /// that may be the fastest.
  void measure(Stopwatch& stopwatch, const Effort& effort, double share);

  std::vector<Calibration::Curve> curves() const;
  const std::vector<std::size_t>& sizes() const { return sizes_; }
  /// The largest size of the next round.
  std::size_t largest() const;

 private:
  struct Point {
    Timing timing = {};
    double shortest = 0;  ///< of all its samples
    std::size_t outliers = 0;
  };
  struct Course {
    const Entry* entry;
    std::vector<std::vector<Timing>> samples = {};  ///< of this round, for each size that it got to
    std::vector<Point> points = {};                 ///< of the rounds before
    bool is_over = false;                           ///< larger sizes take too long, or cannot be run

    void begin_size(Stopwatch& stopwatch, std::size_t size, std::size_t n, double most_seconds);
    void take_sample(Stopwatch& stopwatch, std::size_t size, std::size_t n);
    double shortest(std::size_t size) const;
  };
  static Point summarize(std::span<const Timing> samples);
  void measure_all(Stopwatch& stopwatch, const Effort& effort, double share);
  void measure_again(Stopwatch& stopwatch, const Effort& effort, double share);
  void end_round();
  bool may_be_fastest(const Course& course, std::size_t size) const;
  Calibration::Curve curve_of(const Course& course) const;

  std::size_t spec_;
  std::vector<std::size_t> sizes_;
  std::span<const Entry* const> entries_;
  std::vector<Course> courses_;
};

/// The work and the memory of a call of size n.
double work_at(std::size_t spec, std::size_t n);
double bytes_at(std::size_t spec, std::size_t n);

}  // namespace flynn

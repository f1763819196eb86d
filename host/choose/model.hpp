#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <flynn/calibration.hpp>
#include <flynn/workloads.hpp>

namespace flynn {

/// Which backends, by their places in the registry.
using BackendMask = std::uint32_t;

/// A Calibration as calls ask it: no allocation, no lock. The answer to the usual question, which is the fastest of all
/// that were measured, is kept once it was asked.
class Model {
 public:
  static constexpr std::size_t most_backends = 8;
  static constexpr int none = -1;

  /// Curves of workloads and backends that this build does not know are left out.
  explicit Model(const Calibration& calibration);

  unsigned threads() const { return threads_; }
  /// Backends that have a curve.
  BackendMask measured() const { return measured_; }
  /// Predicted for a spec by its index in AllSpecs. Linear between powers of two of the work, infinite where nothing
  /// was measured.
  double seconds(std::size_t spec, std::size_t backend, double work, bool is_resident = false) const;
  /// The fastest of `among`, or `none`. Of those within 10 % (2 % below 5 us) of the least it is the one that is the
  /// fastest at twice the work, and of those that are alike there too the first in the registry, which occupies less of
  /// the machine. Within a sixteenth of a power of two of the work the answer is one and the same.
  /// @param resident backends whose devices have the data already
  int fastest(std::size_t spec, double work, BackendMask among, BackendMask resident) const;

 private:
  static constexpr std::int8_t unknown = none - 1;
  static constexpr int step_bits = 4;         ///< of the mantissa that count
  static constexpr std::size_t buckets = 64;  ///< 2^63 bytes are more than there are
  static constexpr std::size_t steps = buckets << step_bits;
  /// Of one bucket, of all backends: at the power of two where it begins.
  struct Row {
    std::array<float, most_backends> seconds, transfers;
  };
  struct Place {
    std::size_t bucket;
    float fraction;
  };
  static Place place_of(double work);
  double seconds_at(const Row* rows, const Place& place, std::size_t backend, bool is_resident) const;
  /// Which sixteenth of a power of two, counted from 1.
  static std::size_t step_of(double work);
  int search(std::size_t spec, std::size_t step, BackendMask among, BackendMask resident) const;
  void fill(std::size_t spec, std::size_t backend, const Calibration::Curve& curve);

  unsigned threads_;
  BackendMask measured_ = 0;
  std::vector<Row> rows_;  ///< buckets + 1 for each spec
  /// The fastest of all measured ones in each step, for each spec. Whoever finds one unknown finds the same answer.
  mutable std::vector<std::atomic<std::int8_t>> usual_;
};

}  // namespace flynn

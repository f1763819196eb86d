#pragma once
// What the machine itself can do, measured beside the figures: bandwidth for the traffic and the size of a workload,
// and fused multiply-adds a second. No row can be judged without it: 20 GB/s is the whole of one machine and half of
// another.

#include <deque>
#include <string>
#include <vector>

#include <bench/trial.hpp>

namespace flynn::bench {

/// What the best of several plain loops did: the median over timed blocks, as the figures are medians. The best block
/// would hold a moment of turbo against them.
struct Ceiling {
  std::string name;            ///< "copy", "triad", "axpy", "read", "read 2", "fma"
  std::string_view type;       ///< of "fma"; else empty
  std::size_t bytes = 0;       ///< of each view; 0 for "fma"
  unsigned threads = 1;        ///< each pinned to a CPU of its own
  std::string_view loop = {};  ///< the loop that won, for example "streaming stores"
  std::vector<double> samples = {};
  double value = 0;            ///< their median, bytes or flops a second; 0: could not be measured
  std::string_view unit;       ///< "B/s", "FLOP/s"

  /// How long a call must take at least.
  double least_seconds(const Cost& cost) const { return (unit == "B/s" ? cost.bytes : cost.flops) / value; }
};

class Ceilings {
 public:
  /// The bandwidth for this traffic. Measured at the first call for each traffic and thread count (0.1 to 0.5 s).
  /// Null when no loop has this shape or there is no memory.
  const Ceiling* bandwidth(const Traffic& traffic, unsigned threads);
  /// The peak of multiply-adds for "f32" or "f64", 2 flops each. Null for other types.
  const Ceiling* multiply_add(std::string_view type, unsigned threads);
  /// Adds samples: a ceiling is measured before and after the figures that it belongs to, so that drift hits both.
  void measure_again(const Ceiling& ceiling);

  const std::deque<Ceiling>& all() const { return all_; }

 private:
  struct Key {
    Traffic traffic;
    std::string_view type;
    unsigned threads;
    bool operator==(const Key&) const = default;
  };
  const Ceiling* find_or_measure(const Key& key);
  std::deque<Ceiling> all_;  // stable addresses: rows point here
  std::deque<Key> keys_;
};

}  // namespace flynn::bench

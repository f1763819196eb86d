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
  std::string name = {};        ///< "copy", "triad", "axpy", "update", "read", "read 2", "fma"
  std::string_view type = {};   ///< of "fma"; else empty
  std::string_view isa = {};    ///< of the loop
  std::string_view pages = {};  ///< "usual": huge from 2 MiB on; "4 KiB", "huge"; empty for "fma"
  std::size_t bytes = 0;        ///< of each view; 0 for "fma"
  unsigned threads = 1;         ///< each pinned to a CPU of its own
  std::string_view loop = {};   ///< the loop that won, for example "streaming stores"
  std::vector<double> samples = {};
  double value = 0;            ///< their median, bytes or flops a second; 0: could not be measured
  std::string_view unit = {};  ///< "B/s", "FLOP/s"

  /// How long a call must take at least.
  double least_seconds(const Cost& cost) const { return (unit == "B/s" ? cost.bytes : cost.flops) / value; }
};

/// Which of them.
struct CeilingKey {
  Traffic traffic = {};        ///< none: multiply-adds
  std::string_view type = {};  ///< of multiply-adds
  unsigned threads = 1;
  std::string_view isa = {};  ///< empty: the widest
  std::string_view pages = "usual";
  std::string_view stores = {};  ///< "plain", "streaming"; empty: whichever is faster
  bool operator==(const CeilingKey&) const = default;
};

class Ceilings {
 public:
  /// Measured at the first call for each key. Null when no loop has this shape or there is no memory.
  const Ceiling* find_or_measure(const CeilingKey& key);
  /// The bandwidth for this traffic. Measured at the first call for each traffic and thread count (0.1 to 0.5 s).
  /// Null when no loop has this shape or there is no memory.
  const Ceiling* bandwidth(const Traffic& traffic, unsigned threads);
  /// The peak of multiply-adds for "f32" or "f64", 2 flops each. Null for other types.
  const Ceiling* multiply_add(std::string_view type, unsigned threads);
  /// Adds samples: a ceiling is measured before and after the figures that it belongs to, so that drift hits both.
  void measure_again(const Ceiling& ceiling);

  const std::deque<Ceiling>& all() const { return all_; }

 private:
  std::deque<Ceiling> all_;  // stable addresses: rows point here
  std::deque<CeilingKey> keys_;
};

}  // namespace flynn::bench

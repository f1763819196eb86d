#pragma once
#include <cstddef>

#include <flynn/flynn.hpp>
#include <tests/samples/sample.hpp>

namespace flynn::bench {

/// What a batch of calls took.
struct Timing {
  double seconds;
  double waited;  ///< how long threads of the process were ready and had no CPU meanwhile, all added
};

/// How long threads that sleep are given to come back.
inline constexpr double wake_seconds = 2e-3;

/// Who does the work of a trial: a backend of flynn, or a peer.
class Way {
 public:
  virtual ~Way() = default;
  /// The first call. A backend of flynn says in `report`, which must stay there, what ran.
  virtual Result<Timing> first(Report&) { return time(1); }
  virtual Result<Timing> time(std::size_t count) = 0;
  /// After others had their turn: a call that gets caches and threads back.
  virtual Result<Timing> wake() { return time(1); }
  /// Restores the inputs, runs once and judges what came out.
  virtual Result<samples::Verdict> verify() = 0;
  /// Its turn is over: it must not use the CPU until the next one.
  virtual void rest() {}
};

}  // namespace flynn::bench

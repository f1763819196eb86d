#pragma once
#include <functional>
#include <vector>

#include <bench/figure.hpp>

namespace flynn::bench {

/// When a figure is good enough.
struct Rules {
  double min_seconds = 0.5;      ///< of sampling for each figure
  double warmup_seconds = 0.1;   ///< at most, for each figure
  std::size_t repetitions = 10;  ///< samples at least, unless they take longer than 4 min_seconds; then 3
  double max_noise = 0.02;       ///< relative MAD that ends the sampling
  std::uint64_t seed = 1;        ///< of the inputs, the order of the backends and the bootstrap
  bool validate = true;
};

/// Asked between any two samples, with the figure that was just sampled and its noise so far.
using OnSample = std::function<void(const Figure&, double noise)>;

/// Measures a group. Backends and peers take turns in a new random order every round, so that drift of the machine hits
/// all of them; with peers nobody stops before the last one is done, so that all have the same rounds. A peer runs on
/// one thread and on as many as the context has. `base` gives context, device and threads. Ends early when a stop is
/// requested; figures that are not done and verified by then are left out. Throws std::bad_alloc.
std::vector<Figure> measure(const Group& group, const Rules& rules, const Options& base, Ceilings& ceilings,
                            const OnSample& on_sample);

}  // namespace flynn::bench

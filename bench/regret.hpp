#pragma once
#include <string>
#include <vector>

#include <bench/host_info.hpp>
#include <flynn/report.hpp>
#include <flynn/spec.hpp>

namespace flynn::bench {

/// What auto took for a call, beside the best backend that was measured in the same rounds.
struct Regret {
  SpecInfo spec;
  std::size_t n = 0;
  std::string auto_backend = {}, best_backend = {};
  double auto_seconds = 0, best_seconds = 0;
  double ratio() const { return auto_seconds / best_seconds; }
  double loss() const { return auto_seconds - best_seconds; }
  /// Calls of less are judged by their loss: the ratio of two times of some clocks says nothing.
  bool is_short() const { return best_seconds < 2e-6; }
};

struct RegretResult {
  BuildInfo build;
  HostInfo host;
  unsigned budget = 1;
  CalibrationState calibration = CalibrationState::absent;
  std::vector<Warning> warnings = {};
  std::vector<Regret> all = {};
  std::size_t left_out = 0;  ///< cells without memory, or whose calls would take too long
  bool is_complete = false;
};

/// Over the calls that are not short, the geometric mean and the largest ratio, and over the others the largest loss; 0
/// where there is none.
struct RegretSummary {
  double mean = 0, worst = 0, worst_loss = 0;
};
RegretSummary summarize(const std::vector<Regret>& all);

std::string regret_table(const RegretResult& result);
std::string regret_json(const RegretResult& result);

}  // namespace flynn::bench

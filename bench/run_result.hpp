#pragma once
#include <deque>
#include <string>
#include <vector>

#include <bench/comparison.hpp>
#include <bench/figure.hpp>
#include <bench/host_info.hpp>

namespace flynn::bench {

/// All that a run found out, for the files.
struct RunResult {
  bool is_complete = false;
  std::vector<std::string> arguments;
  std::string start;  ///< UTC, "2026-11-20T23:48:00Z"
  std::uint64_t seed = 0;
  double duration = 0;  ///< seconds
  BuildInfo build = {};
  HostInfo host = {};
  double load_before = -1, load_after = -1;
  unsigned budget = 1;
  std::vector<Warning> warnings = {};
  std::deque<BackendInfo> backends = {};
  std::vector<Figure> figures = {};
  std::deque<Ceiling> ceilings = {};
  std::vector<Comparison> comparisons = {};  ///< with --peers
};

std::string json_text(const RunResult& run);
std::string csv_text(const RunResult& run);
std::string markdown_text(const RunResult& run);

}  // namespace flynn::bench

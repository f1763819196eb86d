#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include <bench/ceiling_loops.hpp>
#include <bench/commands.hpp>
#include <bench/format.hpp>
#include <bench/host_info.hpp>
#include <bench/report_json.hpp>

namespace flynn::bench {
namespace {

constexpr std::string_view pages[] = {"4 KiB", "huge"};

struct Level {
  std::string_view name;
  std::size_t thread_bytes;  ///< of all arrays together, for each thread
  std::size_t least = 0;     ///< for all threads
};

std::size_t cache_bytes(const HostInfo& host, int level) {
  for (const Cache& c : host.caches)
    if (c.level == level && c.type != "Instruction") return c.bytes;
  return 0;
}

/// Half of a cache, so that it holds everything; of the last one, which others share, a part beyond L2; four times the
/// last one to be in memory.
std::vector<Level> levels_of(const HostInfo& host) {
  const std::size_t l1 = cache_bytes(host, 1), l2 = cache_bytes(host, 2), l3 = cache_bytes(host, 3);
  std::vector<Level> levels;
  if (l1 > 0) levels.push_back({"L1", l1 / 2});
  if (l2 > 0) levels.push_back({"L2", l2 / 2});
  if (l3 > 8 * l2) levels.push_back({"L3", 4 * l2});
  levels.push_back({"DRAM", 64 << 20, std::max<std::size_t>(4 * host.last_cache_bytes(), 256 << 20)});
  return levels;
}

struct Shape {
  std::string_view name, stores;
  Traffic traffic;
  int views() const { return traffic.reads + traffic.writes + traffic.updates; }
};

constexpr Shape shapes[] = {
    {"copy", "plain", {.reads = 1, .writes = 1}},
    {"copy", "streaming", {.reads = 1, .writes = 1}},
    {"triad", "plain", {.reads = 2, .writes = 1}},
    {"triad", "streaming", {.reads = 2, .writes = 1}},
    {"axpy", "plain", {.reads = 1, .updates = 1}},
    {"axpy", "streaming", {.reads = 1, .updates = 1}},
    {"read", "", {.reads = 1}},
};

/// 1, 2, 4 and so on, and the budget.
std::vector<unsigned> thread_counts(unsigned budget) {
  std::vector<unsigned> counts;
  for (unsigned count = 1; count < budget; count *= 2) counts.push_back(count);
  counts.push_back(budget);
  return counts;
}

class Sweep {
 public:
  Sweep(unsigned budget, bool prints) : counts_(thread_counts(budget)), prints_(prints) {}

  void multiply_adds() {
    std::string text = fmt::format("{:<22}", "GFLOP/s, threads");
    for (unsigned threads : counts_) text += fmt::format("{:>9}", threads);
    line(text);
    for (const char* type : {"f32", "f64"})
      for (const Loops* loops : all_loops()) {
        text = fmt::format("fma {} {:<14}", type, loops->isa);
        for (unsigned threads : counts_)
          text += cell(ceilings_.find_or_measure({.type = type, .threads = threads, .isa = loops->isa}));
        line(text);
      }
    line("");
  }

  void bandwidths(const HostInfo& host) {
    std::string text = fmt::format("{:<22}", "GB/s, threads x pages");
    for (unsigned threads : counts_)
      for (std::string_view page : pages) text += fmt::format("{:>9}", fmt::format("{} x {}", threads, page));
    line(text);
    for (const Level& level : levels_of(host))
      for (const Shape& shape : shapes) row(level, shape);
  }

  const Ceilings& all() const { return ceilings_; }

 private:
  void row(const Level& level, const Shape& shape) {
    std::string text = fmt::format("{:<5}{:<6}{:<11}", level.name, shape.name, shape.stores);
    for (unsigned threads : counts_)
      for (std::string_view page : pages) {
        CeilingKey key = {.traffic = shape.traffic, .threads = threads, .pages = page, .stores = shape.stores};
        key.traffic.view_bytes = std::max(level.thread_bytes * threads, level.least) / std::size_t(shape.views());
        text += cell(ceilings_.find_or_measure(key));
      }
    line(text);
  }

  static std::string cell(const Ceiling* c) { return c ? fmt::format("{:>9.1f}", c->value / 1e9) : "        -"; }
  void line(const std::string& text) const {
    if (!prints_) return;
    fmt::print("{}\n", text);
    std::fflush(stdout);
  }

  Ceilings ceilings_;
  std::vector<unsigned> counts_;
  bool prints_;
};

}  // namespace

Exit ceilings(const Settings& settings) {
  const HostInfo host = read_host();
  const Context context({.threads = settings.threads});
  if (!settings.as_json) fmt::print("{}, medians of blocks of about 5 ms\n\n", host.model);
  Sweep sweep(context.threads(), !settings.as_json);
  sweep.multiply_adds();
  sweep.bandwidths(host);
  if (settings.as_json) fmt::print("{}", ceilings_text(host, sweep.all()));
  return exit_ok;
}

}  // namespace flynn::bench

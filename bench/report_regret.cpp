#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

#include <bench/format.hpp>
#include <bench/regret.hpp>
#include <bench/report_json.hpp>

namespace flynn::bench {
namespace {

std::string cell_of(const Regret& r) {
  return r.is_short() ? fmt::format("{:+.0f}ns", 1e9 * r.loss()) : fmt::format("{:.2f}", r.ratio());
}

std::string line_of(const Regret& r) {
  return fmt::format("{} {} {}: auto took {} and {}, {} {}", r.spec.workload, r.spec.type, r.n, r.auto_backend,
                     time_text(r.auto_seconds), r.best_backend, time_text(r.best_seconds));
}

}  // namespace

RegretSummary summarize(const std::vector<Regret>& all) {
  RegretSummary summary;
  double logarithms = 0;
  std::size_t count = 0;
  for (const Regret& r : all) {
    if (r.is_short()) {
      summary.worst_loss = std::max(summary.worst_loss, r.loss());
      continue;
    }
    logarithms += std::log(r.ratio());
    summary.worst = std::max(summary.worst, r.ratio());
    ++count;
  }
  if (count > 0) summary.mean = std::exp(logarithms / double(count));
  return summary;
}

std::string regret_table(const RegretResult& result) {
  std::string text = fmt::format("time of auto / time of the best backend, {} threads, calibration {}\n", result.budget,
                                 name_of(result.calibration));
  text += "where the best takes less than 2 us: what auto takes more\n";
  for (const Warning& w : result.warnings) text += fmt::format("warning {}: {}; {}\n", w.code, w.text, w.cure);
  const Regret* last = nullptr;
  for (const Regret& r : result.all) {
    if (!last || last->spec.id != r.spec.id) text += fmt::format("\n{:<10} {:<4}", r.spec.workload, r.spec.type);
    text += fmt::format("{:>8}", cell_of(r));
    last = &r;
  }
  std::vector<Regret> worst = result.all;
  std::erase_if(worst, &Regret::is_short);
  std::ranges::sort(worst, std::greater{}, &Regret::ratio);
  text += "\n\nthe worst\n";
  for (std::size_t i = 0; i < std::min<std::size_t>(worst.size(), 5); ++i)
    text += fmt::format("  {:.2f}  {}\n", worst[i].ratio(), line_of(worst[i]));
  const RegretSummary s = summarize(result.all);
  text += fmt::format("\n{} figures, {} left out; geometric mean {:.3f}, worst {:.2f}, largest loss below 2 us {}\n",
                      result.all.size(), result.left_out, s.mean, s.worst, time_text(s.worst_loss));
  return text;
}

std::string regret_json(const RegretResult& result) {
  Json json = {{"schema", "compute-bench-regret/1"},
               {"complete", result.is_complete},
               {"host", host_json(result.host)},
               {"calibration", std::string(name_of(result.calibration))}};
  json["host"]["budget"] = result.budget;
  json["warnings"] = warnings_json(result.warnings);
  json["left_out"] = result.left_out;
  json["regret"] = Json::array();
  for (const Regret& r : result.all)
    json["regret"].push_back({{"workload", std::string(r.spec.workload)},
                              {"type", std::string(r.spec.type)},
                              {"n", r.n},
                              {"auto_backend", r.auto_backend},
                              {"auto", r.auto_seconds},
                              {"best_backend", r.best_backend},
                              {"best", r.best_seconds}});
  return dump(json);
}

}  // namespace flynn::bench

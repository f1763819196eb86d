#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

#include <bench/commands.hpp>
#include <bench/report_json.hpp>
#include <bench/report_text.hpp>
#include <bench/selection.hpp>
#include <bench/ways_in.hpp>

namespace flynn::bench {
namespace {

/// The types that a backend has of a workload, or why it has none.
std::string types_of(const BackendInfo& info, std::string_view workload) {
  if (!info.available) return "-";
  std::string types;
  for (const SpecInfo& spec : AllSpecs::infos) {
    if (spec.workload != workload) continue;
    const std::string name = fmt::format("{}/{}", workload, spec.type);
    const bool is_hole = std::ranges::find(info.missing, name) != info.missing.end();
    types += fmt::format("{}{}", types.empty() ? "" : " ", is_hole ? "---" : spec.type);
  }
  return types;
}

std::vector<std::string_view> workload_names() {
  std::vector<std::string_view> names;
  for (const SpecInfo& spec : AllSpecs::infos)
    if (names.empty() || names.back() != spec.workload) names.push_back(spec.workload);
  return names;
}

void print_row(std::string_view first, const Backends& backends, auto&& cell) {
  std::string line = fmt::format("{:<10}", first);
  for (const BackendInfo& info : backends.all) line += fmt::format(" {:<23}", cell(info));
  fmt::print("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
}

void print_table(const Backends& backends) {
  print_row("workload", backends, [](const BackendInfo& info) { return std::string(info.name); });
  for (std::string_view workload : workload_names())
    print_row(workload, backends, [&](const BackendInfo& info) { return types_of(info, workload); });
}

Exit exit_of(const Backends& backends) { return backends.has_missing ? exit_unavailable : exit_ok; }

}  // namespace

Exit list(const Settings& settings) {
  Context context;
  const Backends backends = find_backends(context, settings);
  if (settings.as_json) {
    Json json = {{"schema", "compute-bench-list/1"}, {"backends", Json::array()}, {"workloads", Json::array()}};
    for (const BackendInfo& info : backends.all) json["backends"].push_back(backend_json(info));
    for (const SpecInfo& spec : AllSpecs::infos)
      json["workloads"].push_back({{"name", std::string(spec.workload)}, {"type", std::string(spec.type)}});
    fmt::print("{}", dump(json));
    return exit_of(backends);
  }
  TextReport report(stdout, settings.color, false);
  report.title("Backends and their devices");
  report.backends(backends.all, context.threads());
  for (const std::string& line : device_lines(backends.all)) fmt::print("{}\n", line);
  report.title("Workloads and their types; --- is a type without a kernel, - a backend that is not here");
  print_table(backends);
  return exit_of(backends);
}

Exit doctor() {
  Context context;
  bool all_here = true;
  for (const BackendInfo& info : context.backends()) {
    if (info.available) {
      fmt::print("{}: fine, {}\n", info.name, state_of(info, context.threads()));
      for (const std::string& driver : info.left_out) fmt::print("{}: without {}\n", info.name, driver);
      all_here &= info.left_out.empty();
      continue;
    }
    all_here = false;
    fmt::print("{}: not available: {}{}{}\n", info.name, info.reason, info.hint.empty() ? "" : "; ", info.hint);
  }
  const auto warnings = warnings_of(read_host(), build_info(), context.threads(), 0);
  for (const Warning& w : warnings) fmt::print("warning {}: {}; {}\n", w.code, w.text, w.cure);
  if (all_here && warnings.empty()) fmt::print("nothing to cure\n");
  return exit_ok;
}

}  // namespace flynn::bench

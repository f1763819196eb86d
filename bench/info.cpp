#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>

#include <bench/commands.hpp>
#include <bench/report_json.hpp>
#include <bench/report_text.hpp>
#include <bench/selection.hpp>
#include <bench/topology_text.hpp>
#include <bench/ways_in.hpp>

namespace flynn::bench {
namespace {

/// An environment variable that counts, and the flag that is stronger.
struct Variable {
  const char *name, *flag, *standard;
};
constexpr Variable variables[] = {
    {"FLYNN_BACKEND", "--backend", "all that are here"},
    {"FLYNN_SIMD_ARCH", "", "the widest that this CPU has"},
    {"XDG_CACHE_HOME", "", "~/.cache"},
    {"FLYNN_MODULE_PATH", "", "beside the library, then its install prefix"},
    {"NO_COLOR", "--color", "colour on a terminal"},
    {"CLICOLOR_FORCE", "--color", "colour on a terminal"},
};

std::string value_of(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Json settings_json() {
  Json json = Json::array();
  for (const Variable& v : variables) {
    const std::string value = value_of(v.name);
    json.push_back({{"variable", v.name},
                    {"flag", v.flag},
                    {"value", value},
                    {"from", value.empty() ? "default" : "environment"},
                    {"default", v.standard}});
  }
  return json;
}

void print_settings() {
  fmt::print("  a flag is stronger than the environment, the environment than the default\n");
  for (const Variable& v : variables) {
    const std::string value = value_of(v.name);
    fmt::print("  {:<18} {}{}\n", v.name,
               value.empty() ? fmt::format("not set: {}", v.standard) : fmt::format("= {}", value),
               *v.flag ? fmt::format(" ({} is stronger)", v.flag) : "");
  }
}

void print_host(const HostInfo& h, unsigned budget) {
  std::string isa;
  for (const std::string& flag : h.isa) isa += " " + flag;
  fmt::print("  {}, {}, {}{}{}\n", h.os, h.kernel, h.libc, h.container.empty() ? "" : ", container ", h.container);
  fmt::print("  instruction sets:{}\n", isa);
  if (!h.governor.empty()) fmt::print("  governor {}, turbo {}, at most {} MHz\n", h.governor, h.turbo, h.max_mhz);
  fmt::print("  {} threads: {} CPUs online, {} allowed by the affinity mask{}\n", budget, h.cpus, h.affinity,
             budget < h.affinity ? ", fewer by the CPU quota" : ", no CPU quota below that");
}

Json calibration_json(const CalibrationFile& file) {
  return {{"path", file.path},
          {"state", std::string(name_of(file.state))},
          {"reason", file.reason},
          {"contents", file.contents ? Json::parse(calibration_text(*file.contents)) : Json(nullptr)}};
}

void print_calibration(const CalibrationFile& file) {
  fmt::print("  {}: {}{}{}\n", name_of(file.state), file.path, file.reason.empty() ? "" : ": ", file.reason);
  if (file.state != CalibrationState::valid)
    fmt::print("  auto chooses by size alone; `compute_bench calibrate` measures this machine\n");
}

void print_topology() {
  for (const std::string& line : tree_text(topology())) fmt::print("  {}\n", line);
  for (const std::string& line : distance_text(topology())) fmt::print("  {}\n", line);
}

}  // namespace

Exit info(const Settings& settings) {
  const HostInfo host = read_host();
  const BuildInfo build = build_info();
  Context context;
  auto warnings = warnings_of(host, build, context.threads(), 0);
  warn_of_calibration(context.calibration(), warnings);
  const Backends backends = find_backends(context, Settings{});
  if (settings.as_json) {
    Json json = {{"schema", "compute-bench-info/1"}, {"version", build.version}, {"host", host_json(host)}};
    json["host"]["budget"] = context.threads();
    json["topology"] = topology_json(topology());
    json["backends"] = Json::array();
    for (const BackendInfo& info : backends.all) json["backends"].push_back(backend_json(info));
    json["calibration"] = calibration_json(context.calibration());
    json["settings"] = settings_json();
    json["warnings"] = warnings_json(warnings);
    fmt::print("{}", dump(json));
    return exit_ok;
  }
  TextReport report(stdout, settings.color, false);
  report.machine(host, build, context.threads());
  print_host(host, context.threads());
  report.title(fmt::format("Topology, source: {}", topology().source));
  print_topology();
  report.title("Backends");
  report.backends(backends.all, context.threads());
  for (const std::string& line : device_lines(backends.all)) fmt::print("{}\n", line);
  report.title("Calibration");
  print_calibration(context.calibration());
  report.title("Settings");
  print_settings();
  if (!warnings.empty()) report.title("Warnings");
  report.warnings(warnings);
  return exit_ok;
}

}  // namespace flynn::bench

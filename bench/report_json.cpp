#include <nlohmann/json.hpp>

#include <bench/report_json.hpp>
#include <bench/topology_text.hpp>
#include <bench/ways_in.hpp>

namespace flynn::bench {
namespace {

std::string text(std::string_view s) { return std::string(s); }

/// A number, or null where there is none.
Json number(double value, bool is_known) { return is_known ? Json(value) : Json(nullptr); }

Json tool_json(const BuildInfo& b) {
  return {{"name", "compute_bench"},    {"version", b.version},     {"git_sha", b.git_sha}, {"dirty", b.is_dirty},
          {"build_type", b.build_type}, {"compiler", b.compiler},   {"flags", b.flags},     {"sanitizer", b.sanitizer},
          {"cxx_std", "c++20"},         {"assertions", b.is_debug}, {"isa_built", b.isa}};
}

Json verdict_json(const Figure& f) {
  if (!f.validation) return nullptr;
  const Verdict& v = *f.validation;
  return {{"metric", v.metric}, {"value", v.value}, {"limit", v.limit}, {"pass", v.pass}, {"where", v.where}};
}

Json error_json(const Figure& f) {
  if (!f.error) return nullptr;
  return {{"code", text(name_of(f.error->code()))}, {"text", f.error->text()}, {"hint", f.error->hint()}};
}

/// What auto tried first.
Json recovered_json(const Figure& f) {
  Json all = Json::array();
  for (const Error& error : f.report.recovered_from)
    all.push_back({{"backend", error.backend()}, {"code", text(name_of(error.code()))}, {"text", error.text()}});
  return all;
}

Json ceiling_json(const Ceiling& c) {
  return {{"name", c.name},         {"type", text(c.type)}, {"isa", text(c.isa)},
          {"pages", text(c.pages)}, {"bytes", c.bytes},     {"threads", c.threads},
          {"loop", text(c.loop)},   {"value", c.value},     {"unit", text(c.unit)}};
}

/// What was measured, without the statistics.
Json what_json(const Figure& f) {
  return {{"workload", text(f.spec.workload)},
          {"type", text(f.spec.type)},
          {"params", text(f.params)},
          {"n", f.n},
          {"is_peer", f.is_peer},
          {"requested", text(f.requested)},
          {"used", text(f.report.used)},
          {"class", f.report.used.empty() || f.is_peer ? "" : text(name_of(f.report.kind))},
          {"architecture", text(f.report.architecture)},
          {"threads", f.report.threads},
          {"flops", f.cost.flops},
          {"bytes", f.cost.bytes},
          {"items", f.cost.items}};
}

Json transfer_json(const Figure& f) {
  if (f.report.kind != FlynnClass::simt || f.device_seconds.empty()) return nullptr;
  return {{"bytes", f.report.clocks.bytes_moved},
          {"seconds", f.report.clocks.transfer_seconds},
          {"device_seconds", median(f.device_seconds)}};
}

Json figure_json(const Figure& f) {
  const bool has = !f.samples.empty();
  const Summary& s = f.summary;
  Json json = what_json(f);
  json["time_unit"] = "s";
  json["cold"] = number(f.cold_seconds, has);
  json["warmup"] = number(f.warmup_seconds, has);
  json["steady"] = f.is_steady;
  json["batch"] = f.batch;
  json["samples"] = f.samples;
  json["disturbed"] = f.disturbed;
  json["stopped"] = text(f.stopped);
  json["median"] = number(s.median, has);
  json["mad"] = number(s.mad, has);
  json["min"] = number(s.min, has);
  json["p95"] = number(s.p95, has);
  json["ci95"] = has ? Json::array({s.ci_low, s.ci_high}) : Json(nullptr);
  json["outliers"] = s.outliers;
  json["rate"] = number(f.rate(), has);
  json["rate_unit"] = text(f.rate_unit());
  json["speedup"] = f.speedup ? Json(*f.speedup) : Json(nullptr);
  json["ceiling"] = f.ceiling ? ceiling_json(*f.ceiling) : Json(nullptr);
  json["ceiling_fraction"] = f.ceiling_fraction() ? Json(*f.ceiling_fraction()) : Json(nullptr);
  json["transfer"] = transfer_json(f);
  json["validation"] = verdict_json(f);
  json["checked"] = f.validation.has_value();
  json["warnings"] = f.warnings;
  json["recovered"] = recovered_json(f);
  json["error"] = error_json(f);
  return json;
}

Json comparison_json(const Comparison& c) {
  return {{"workload", text(c.spec.workload)},
          {"type", text(c.spec.type)},
          {"params", text(c.params)},
          {"n", c.n},
          {"threads", c.threads},
          {"flynn_backend", text(c.backend)},
          {"flynn_threads", c.backend_threads},
          {"flynn", number(c.rate, !c.backend.empty())},
          {"peer", text(c.peer)},
          {"peer_threads", c.peer_threads},
          {"peer_value", number(c.peer_rate, !c.peer.empty())},
          {"rate_unit", text(c.rate_unit)},
          {"ratio", c.ratio ? Json(c.ratio->value) : Json(nullptr)},
          {"ci95", c.ratio ? Json::array({c.ratio->low, c.ratio->high}) : Json(nullptr)}};
}

}  // namespace

Json host_json(const HostInfo& h) {
  Json caches = Json::array();
  for (const Cache& c : h.caches)
    caches.push_back({{"level", c.level}, {"type", c.type}, {"bytes", c.bytes}, {"shared_by", c.shared_by}});
  return {{"name", h.name},
          {"os", h.os},
          {"kernel", h.kernel},
          {"libc", h.libc},
          {"container", h.container},
          {"vm", h.is_virtual},
          {"cpu",
           {{"vendor", h.vendor},
            {"model", h.model},
            {"microcode", h.microcode},
            {"isa", h.isa},
            {"cpus", h.cpus},
            {"cores", h.cores},
            {"governor", h.governor},
            {"turbo", h.turbo},
            {"base_mhz", h.base_mhz},
            {"max_mhz", h.max_mhz}}},
          {"caches", caches},
          {"numa_nodes", h.numa_nodes},
          {"memory_bytes", h.memory_bytes},
          {"affinity", h.affinity}};
}

Json backend_json(const BackendInfo& info) {
  Json devices = Json::array(), missing = Json::array();
  for (const Device& d : info.devices)
    devices.push_back({{"name", d.name},
                       {"driver", d.driver},
                       {"is_cpu", d.is_cpu},
                       {"has_f64", d.has_f64},
                       {"compute_units", d.compute_units},
                       {"memory_bytes", d.memory_bytes},
                       {"uuid", uuid_text(d)},
                       {"pci_address", d.pci_address},
                       {"compute_capability", capability_text(d)}});
  for (std::string_view name : info.missing) missing.push_back(text(name));
  return {{"name", text(info.name)},
          {"class", text(name_of(info.kind))},
          {"available", info.available},
          {"reason", info.reason},
          {"hint", info.hint},
          {"version", info.available ? text(version()) : ""},
          {"architecture", text(info.architecture)},
          {"devices", devices},
          {"missing", missing},
          {"left_out", info.left_out}};
}

Json topology_json(const Topology& t) {
  Json json = {{"source", t.source}};
  for (const char* list : {"packages", "nodes", "caches", "cores", "devices"}) json[list] = Json::array();
  for (const auto& package : t.packages) json["packages"].push_back({{"cpus", list_text(package.cpus)}});
  for (const auto& node : t.nodes)
    json["nodes"].push_back({{"id", node.id},
                             {"memory_bytes", node.memory_bytes},
                             {"cpus", list_text(node.cpus)},
                             {"distance", node.distance}});
  for (const auto& cache : t.caches)
    json["caches"].push_back({{"level", cache.level},
                              {"bytes", cache.bytes},
                              {"line_bytes", cache.line_bytes},
                              {"cpus", list_text(cache.cpus)}});
  for (const auto& core : t.cores) json["cores"].push_back({{"cpus", list_text(core.cpus)}});
  for (const auto& device : t.devices)
    json["devices"].push_back({{"kind", device.kind},
                               {"name", device.name},
                               {"pci_address", device.pci_address},
                               {"system_names", device.system_names},
                               {"nodes", device.nodes}});
  return json;
}

Json warnings_json(const std::vector<Warning>& all) {
  Json json = Json::array();
  for (const Warning& w : all) json.push_back({{"code", w.code}, {"text", w.text}, {"cure", w.cure}});
  return json;
}

std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string ceilings_text(const HostInfo& host, const Ceilings& ceilings) {
  Json json = {{"schema", "compute-bench-ceilings/1"}, {"host", host_json(host)}, {"ceilings", Json::array()}};
  for (const Ceiling& c : ceilings.all())
    if (c.value > 0) json["ceilings"].push_back(ceiling_json(c));
  return dump(json);
}

std::string json_text(const RunResult& run) {
  Json json = {{"schema", "compute-bench/1"}, {"complete", run.is_complete}};
  json["run"] = {{"argv", run.arguments}, {"start", run.start}, {"seed", run.seed}, {"duration", run.duration}};
  json["tool"] = tool_json(run.build);
  json["host"] = host_json(run.host);
  json["host"]["budget"] = run.budget;
  json["host"]["load_before"] = number(run.load_before, run.load_before >= 0);
  json["host"]["load_after"] = number(run.load_after, run.load_after >= 0);
  json["warnings"] = warnings_json(run.warnings);
  json["backends"] = json["results"] = json["ceilings"] = json["peers"] = Json::array();
  for (const BackendInfo& info : run.backends) json["backends"].push_back(backend_json(info));
  for (const Figure& f : run.figures) json["results"].push_back(figure_json(f));
  for (const Ceiling& c : run.ceilings)
    if (c.value > 0) json["ceilings"].push_back(ceiling_json(c));
  for (const Comparison& c : run.comparisons) json["peers"].push_back(comparison_json(c));
  return dump(json);
}

}  // namespace flynn::bench

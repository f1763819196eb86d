#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>

#include <bench/format.hpp>
#include <bench/report_text.hpp>

namespace flynn::bench {
namespace {

/// --color, then NO_COLOR, then CLICOLOR_FORCE, then whether it is a terminal that knows colours.
bool wants_color(std::FILE* out, When color) {
  auto is_set = [](const char* name) {
    const char* value = std::getenv(name);
    return value && *value;
  };
  if (color != When::automatic) return color == When::always;
  if (is_set("NO_COLOR")) return false;
  if (is_set("CLICOLOR_FORCE") && std::strcmp(std::getenv("CLICOLOR_FORCE"), "0") != 0) return true;
  const char* terminal = std::getenv("TERM");
  return isatty(fileno(out)) && terminal && std::strcmp(terminal, "dumb") != 0;
}

constexpr const char* columns = "{:<9} {:<4} {:>6} {:<9} {:<14} {:>9} {:>7} {:>14} {:>9} {:>8}  {}";

std::string percent(double fraction) { return fmt::format("{:.{}f} %", 100 * fraction, fraction < 0.0995 ? 1 : 0); }

std::string ratio_text(double ratio) {
  return fmt::format("{:.{}f}", ratio, ratio < 9.995 ? 2 : ratio < 99.95 ? 1 : 0);
}

/// "gemm", "gemm:16-rows"
std::string name_of(const auto& row) {
  return fmt::format("{}{}{}", row.spec.workload, row.params.empty() ? "" : ":", row.params);
}

std::string check_text(const Figure& f) {
  if (!f.validation) return "unchecked";
  const Verdict& v = *f.validation;
  const std::string value = fmt::format("{:.3g}", v.value);
  return (v.pass ? "ok " : "WRONG ") + (v.limit == 0 ? value : fmt::format("{}/{:.3g}", value, v.limit));
}

}  // namespace

TextReport::TextReport(std::FILE* out, When color, bool is_verbose)
    : out_(out), has_color_(wants_color(out, color)), is_verbose_(is_verbose) {}

std::string TextReport::paint(const std::string& text, Style style) const {
  constexpr const char* codes[] = {"", "1", "2", "32", "33", "1;31"};
  if (!has_color_ || style == Style::plain) return text;
  return fmt::format("\033[{}m{}\033[0m", codes[int(style)], text);
}

void TextReport::line(const std::string& text) {
  if (!out_) return;
  fmt::print(out_, "{}\n", text);
  std::fflush(out_);  // a reader sees each row when it is there, through a pipe too
}

void TextReport::machine(const HostInfo& host, const BuildInfo& build, unsigned budget) {
  std::string caches;
  for (const Cache& cache : host.caches)
    if (cache.type != "Instruction")
      caches += fmt::format("{}L{} {}", caches.empty() ? "" : ", ", cache.level, bytes_text(double(cache.bytes)));
  line(paint(fmt::format("compute_bench {}", build.version), Style::bold) +
       fmt::format(", {}, {}", build.compiler, build.build_type));
  line(fmt::format("  {}, {} CPU{} ({} core{}), {} thread{} to use{}", host.model.empty() ? "unknown CPU" : host.model,
                   host.cpus, host.cpus == 1 ? "" : "s", host.cores, host.cores == 1 ? "" : "s", budget,
                   budget == 1 ? "" : "s", host.is_virtual ? ", virtual machine" : ""));
  line(fmt::format("  {}{}{} memory, {}", caches, caches.empty() ? "" : ", ", bytes_text(double(host.memory_bytes)),
                   host.os));
}

std::string state_of(const BackendInfo& info, unsigned budget) {
  if (!info.available) return "not here: " + info.reason + (info.hint.empty() ? "" : "; " + info.hint);
  if (info.name == "auto") return "flynn chooses for each call";
  if (info.name == "verify") return "backends that share no kernel do the same work and must agree";
  std::string text;
  for (std::size_t i = 0; i < info.devices.size(); ++i) {
    const Device& d = info.devices[i];
    text += fmt::format("{}{}: {}{}", i == 0 ? "" : "; ", i, d.name, d.is_cpu ? " (a CPU)" : "");
  }
  if (!info.devices.empty()) return text;
  if (info.architecture.empty()) return "one instruction, one element";
  text = std::string(info.architecture);
  if (info.kind == FlynnClass::mimd_threads) text += fmt::format(", {} thread{}", budget, budget == 1 ? "" : "s");
  if (info.kind == FlynnClass::mimd_processes) text += fmt::format(", {} worker{}", budget, budget == 1 ? "" : "s");
  return text;
}

void TextReport::backends(const std::deque<BackendInfo>& all, unsigned budget) {
  for (const BackendInfo& info : all) {
    line(fmt::format("  {:<9} {:<14} ", info.name, name_of(info.kind)) +
         paint(state_of(info, budget), info.available ? Style::plain : Style::yellow));
    for (const std::string& driver : info.left_out) line("  " + paint("  without " + driver, Style::yellow));
  }
}

void TextReport::warnings(const std::vector<Warning>& all) {
  for (const Warning& w : all) line("  " + paint(w.code, Style::yellow) + fmt::format(": {}; {}", w.text, w.cure));
}

void TextReport::title(const std::string& text) {
  line();
  if (!text.empty()) line(paint(text, Style::bold));
  needs_header_ = true;
}

void TextReport::header(const std::string& names) {
  if (std::exchange(needs_header_, false)) line(paint(names, Style::dim));
}

void TextReport::row(const Figure& f) {
  const std::string peer = fmt::format("peer, {} thread{}", f.report.threads, f.report.threads == 1 ? "" : "s");
  const std::string_view kind = f.is_peer                                         ? std::string_view(peer)
                                : f.requested == "auto" && !f.report.used.empty() ? f.report.used
                                                                                  : name_of(f.report.kind);
  if (f.error) {
    const std::string left =
        fmt::format("{:<9} {:<4} {:>6} {:<9} ", name_of(f), f.spec.type, size_text(f.n), f.requested);
    line(left +
         (f.is_hole() ? paint("no kernel", Style::dim) : paint(std::string("failed: ") + f.error->what(), Style::red)));
    return;
  }
  const std::string check = check_text(f);
  const auto fraction = f.ceiling_fraction();
  line(fmt::format(columns, name_of(f), f.spec.type, size_text(f.n), f.requested, kind, time_text(f.summary.median),
                   percent(f.summary.noise()), rate_text(f.rate(), f.rate_unit()),
                   f.speedup ? ratio_text(*f.speedup) : "-", fraction ? percent(*fraction) : "-",
                   paint(check, !f.validation  ? Style::yellow
                                : f.is_wrong() ? Style::red
                                               : Style::green)));
  if (f.is_wrong()) line("  " + paint(f.validation->where, Style::red));
  for (const Error& error : f.report.recovered_from)
    line("  " + paint(fmt::format("recovered from {}: {}", error.backend(), error.what()), Style::yellow));
}

void TextReport::peers(const std::vector<PeerInfo>& all) {
  for (const PeerInfo& p : all)
    line(fmt::format("  {:<9} {:<14} ", p.name, "peer") +
         (p.reason.empty() ? p.release : paint("not here: " + p.reason, Style::yellow)));
}

void TextReport::comparisons(const std::vector<Figure>& figures, const std::vector<Comparison>& all) {
  constexpr const char* format = "{:<27} {:<4} {:>6} {:>7} {:<8} {:>14} {:>8} {:<12} {:>14} {:>6}  {}";
  header(fmt::format(format, "workload", "type", "n", "threads", "flynn", "rate", "ceiling", "best peer", "rate",
                     "ratio", "95 % interval"));
  for (const Comparison& c : all) {
    const std::string ratio = c.ratio ? ratio_text(c.ratio->value) : "-";
    const Style style = !c.ratio            ? Style::plain
                        : c.ratio->low >= 1 ? Style::green
                        : c.ratio->high < 1 ? Style::red
                                            : Style::yellow;
    auto rate = [&](std::string_view who, double value) { return who.empty() ? "-" : rate_text(value, c.rate_unit); };
    line(paint(
        fmt::format(format, name_of(c), c.spec.type, size_text(c.n), c.threads, c.backend.empty() ? "none" : c.backend,
                    rate(c.backend, c.rate), c.ceiling_fraction ? percent(*c.ceiling_fraction) : "-",
                    c.peer.empty() ? "none" : c.peer, rate(c.peer, c.peer_rate), ratio,
                    c.ratio ? fmt::format("{} to {}", ratio_text(c.ratio->low), ratio_text(c.ratio->high)) : ""),
        style));
  }
  for (const Figure& f : figures)
    if (is_verbose_ || f.error || f.is_wrong()) {
      row(f);
      if (is_verbose_) details(f);
    }
}

void TextReport::details(const Figure& f) {
  if (f.samples.empty()) return;
  const Summary& s = f.summary;
  std::string text = fmt::format(
      "    {} samples of {} call{}, stopped by {}; min {}, p95 {}, 95 % CI of the median {} to {}, {} outlier{}",
      s.count, f.batch, f.batch == 1 ? "" : "s", f.stopped, time_text(s.min), time_text(s.p95), time_text(s.ci_low),
      time_text(s.ci_high), s.outliers, s.outliers == 1 ? "" : "s");
  if (f.disturbed > 0) text += fmt::format(", {} taken again: threads waited for a CPU", f.disturbed);
  line(paint(text, Style::dim));
  text = fmt::format("    first call {}, warm-up {}{}, {} thread{}", time_text(f.cold_seconds),
                     time_text(f.warmup_seconds), f.is_steady ? "" : " (not steady)", f.report.threads,
                     f.report.threads == 1 ? "" : "s");
  if (f.report.clocks.bytes_moved > 0)
    text += fmt::format(", {} on the device, {} moved in {}", time_text(f.report.clocks.device_seconds),
                        bytes_text(double(f.report.clocks.bytes_moved)), time_text(f.report.clocks.transfer_seconds));
  if (f.ceiling)
    text += fmt::format(", ceiling {} ({}, {}, {} thread{})", rate_text(f.ceiling->value, f.ceiling->unit),
                        f.ceiling->name, f.ceiling->loop.empty() ? "12 chains" : f.ceiling->loop, f.ceiling->threads,
                        f.ceiling->threads == 1 ? "" : "s");
  line(paint(text, Style::dim));
}

void TextReport::figures(const std::vector<Figure>& figures) {
  if (!figures.empty())
    header(fmt::format(columns, "workload", "type", "n", "backend", "class", "time", "noise", "rate", "x scalar",
                       "ceiling", "check"));
  for (const Figure& f : figures) {
    row(f);
    if (is_verbose_) details(f);
  }
}

void TextReport::end(const RunResult& run) {
  std::map<std::string_view, double> metrics;
  std::size_t measured = 0, verified = 0, wrong = 0, holes = 0, failed = 0, bad_peers = 0;
  for (const Figure& f : run.figures) {
    holes += f.is_hole();
    failed += f.error && !f.is_hole() && !f.is_peer;
    bad_peers += f.is_peer && (f.error || f.is_wrong());
    measured += !f.samples.empty();
    verified += f.validation && f.validation->pass;
    wrong += f.is_wrong() && !f.is_peer;
    if (f.validation) metrics[f.validation->metric] = f.validation->limit;
  }
  line();
  for (const auto& [metric, limit] : metrics)
    line(paint(limit == 0 ? fmt::format("check: {}, none allowed", metric)
                          : fmt::format("check: {}, at most {}", metric, limit),
               Style::dim));
  line(
      paint("time: median of one call with all its transfers; noise: relative MAD; x scalar: speed over one plain core",
            Style::dim));
  line(paint(
      "ceiling: what was reached of the bandwidth or the multiply-adds, whichever binds, that plain loops on as many",
      Style::dim));
  line(paint("         threads got out of this machine in this run", Style::dim));
  if (!run.comparisons.empty())
    line(paint(
        "ratio: flynn's rate over that of the fastest peer whose result is right; on n threads who may also use one",
        Style::dim));
  std::string text = fmt::format("{} figures in {:.0f} s, {} verified", measured, run.duration, verified);
  if (!run.is_complete) text = "stopped before the end (complete is false): " + text;
  if (wrong > 0) text += fmt::format(", {} WRONG", wrong);
  if (failed > 0) text += fmt::format(", {} failed", failed);
  if (holes > 0) text += fmt::format(", {} without a kernel", holes);
  if (bad_peers > 0) text += fmt::format(", {} of peers failed or wrong", bad_peers);
  line(paint(text, wrong + failed > 0 ? Style::red : Style::bold));
}

}  // namespace flynn::bench

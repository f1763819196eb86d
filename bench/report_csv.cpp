#include <fmt/format.h>

#include <bench/format.hpp>
#include <bench/run_result.hpp>

namespace flynn::bench {
namespace {

/// By RFC 4180.
std::string quoted(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(text);
  std::string result = "\"";
  for (char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

std::string optional_number(const std::optional<double>& value) { return value ? fmt::format("{}", *value) : ""; }

std::string state_of(const Figure& f) {
  if (f.error) return f.is_hole() ? "no kernel" : "failed";
  return !f.validation ? "unchecked" : f.is_wrong() ? "wrong" : "ok";
}

}  // namespace

std::string csv_text(const RunResult& run) {
  std::string text =
      "workload,type,n,backend,used,class,threads,samples,median_s,mad_s,ci_low_s,ci_high_s,min_s,p95_s,rate,rate_unit,"
      "speedup,ceiling_fraction,state,metric,value,limit,error,params,disturbed\r\n";
  for (const Figure& f : run.figures) {
    const Summary& s = f.summary;
    text += fmt::format("{},{},{},{},{},{},{},{},", f.spec.workload, f.spec.type, f.n, f.requested, f.report.used,
                        f.report.used.empty() ? "" : name_of(f.report.kind), f.report.threads, s.count);
    if (f.samples.empty())
      text += ",,,,,,,,";
    else
      text += fmt::format("{},{},{},{},{},{},{},{},", s.median, s.mad, s.ci_low, s.ci_high, s.min, s.p95, f.rate(),
                          f.rate_unit());
    text += fmt::format("{},{},{},", optional_number(f.speedup), optional_number(f.ceiling_fraction()), state_of(f));
    if (f.validation)
      text += fmt::format("{},{},{},", quoted(f.validation->metric), f.validation->value, f.validation->limit);
    else
      text += ",,,";
    text += fmt::format("{},{},{}\r\n", f.error ? quoted(f.error->what()) : "", f.params, f.disturbed);
  }
  return text;
}

std::string markdown_text(const RunResult& run) {
  std::string text = fmt::format("{}, {} threads, compute_bench {}, {}{}\n\n", run.host.model, run.budget,
                                 run.build.version, run.start, run.is_complete ? "" : ", not complete");
  text += "| workload | type | n | backend | class | time | noise | rate | x scalar | ceiling | check |\n";
  text += "|---|---|---:|---|---|---:|---:|---:|---:|---:|---|\n";
  for (const Figure& f : run.figures) {
    text += fmt::format("| {}{}{} | {} | {} | {} |", f.spec.workload, f.params.empty() ? "" : ":", f.params,
                        f.spec.type, size_text(f.n), f.requested);
    if (f.error) {
      text += fmt::format(" | | | | | | {} |\n", state_of(f));
      continue;
    }
    const auto fraction = f.ceiling_fraction();
    text += fmt::format(" {} | {} | {:.1f} % | {} | {} | {} | {} |\n", name_of(f.report.kind),
                        time_text(f.summary.median), 100 * f.summary.noise(), rate_text(f.rate(), f.rate_unit()),
                        f.speedup ? fmt::format("{:.2f}", *f.speedup) : "",
                        fraction ? fmt::format("{:.0f} %", 100 * *fraction) : "", state_of(f));
  }
  return text;
}

}  // namespace flynn::bench

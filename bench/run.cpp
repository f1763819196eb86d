#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include <bench/clock.hpp>
#include <bench/commands.hpp>
#include <bench/format.hpp>
#include <bench/interrupt.hpp>
#include <bench/progress.hpp>
#include <bench/report_text.hpp>
#include <bench/run_result.hpp>
#include <bench/tour.hpp>

namespace flynn::bench {
namespace {

struct Output {
  const std::string& path;
  std::string (*text)(const RunResult&);
};

[[noreturn]] void cannot_write(const std::string& path) {
  throw Failure(exit_input_output, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

/// Now, and not after an hour of measuring.
void check_outputs(std::span<const Output> outputs) {
  for (const Output& output : outputs) {
    if (output.path.empty() || output.path == "-") continue;
    std::FILE* file = std::fopen(output.path.c_str(), "a");
    if (!file) cannot_write(output.path);
    std::fclose(file);
  }
}

void write_outputs(std::span<const Output> outputs, const RunResult& run) {
  for (const Output& output : outputs) {
    if (output.path.empty()) continue;
    const std::string text = output.text(run);
    std::FILE* file = output.path == "-" ? stdout : std::fopen(output.path.c_str(), "w");
    if (!file) cannot_write(output.path);
    const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
    if (!is_written) cannot_write(output.path);
    if (file != stdout) std::fclose(file);
  }
}

std::string utc_now() {
  const std::time_t time = std::time(nullptr);
  std::tm parts;
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

/// Rows of this group when there is no memory for it.
std::vector<Figure> out_of_memory(const Group& group, std::size_t available) {
  std::vector<Figure> figures;
  for (const BackendInfo* info : group.backends) {
    Figure f{.spec = group.subject->info, .n = group.n, .requested = info->name};
    f.error = Error(Code::out_of_memory,
                    fmt::format("it needs {}, {} are free", bytes_text(double(group.subject->bytes(group.n))),
                                bytes_text(double(available))),
                    std::string(info->name), "a smaller --size");
    figures.push_back(std::move(f));
  }
  return figures;
}

/// The sights that the settings select.
std::vector<Sight> sights_of(const Settings& settings, const Backends& backends) {
  if (settings.is_tour()) return tour(backends);
  return {{"", select(settings, backends)}};
}

std::size_t rows_of(const std::vector<Sight>& sights) {
  std::size_t rows = 0;
  for (const Sight& sight : sights)
    for (const Group& group : sight.groups) rows += group.backends.size();
  return rows;
}

void print_plan(const std::vector<Sight>& sights) {
  for (const Sight& sight : sights)
    for (const Group& group : sight.groups)
      for (const BackendInfo* info : group.backends)
        fmt::print("{}/{}/{}/{}\n", group.subject->info.workload, group.subject->info.type, size_text(group.n),
                   info->name);
  fmt::print("{} figures\n", rows_of(sights));
}

std::vector<Figure> measure_if_it_fits(const Group& group, const Rules& rules, const Options& options,
                                       Ceilings& ceilings, const OnSample& on_sample) {
  const std::size_t available = available_memory();
  if (available > 0 && group.subject->bytes(group.n) > available) return out_of_memory(group, available);
  try {
    return measure(group, rules, options, ceilings, on_sample);
  } catch (const std::bad_alloc&) {
    return out_of_memory(group, available);
  }
}

void measure_all(const std::vector<Sight>& sights, const Rules& rules, const Options& options, Ceilings& ceilings,
                 Progress& progress, TextReport& report, RunResult& result) {
  progress.begin(rows_of(sights));
  for (const Sight& sight : sights) {
    if (stop_requested() != Stop::none) return;
    progress.clear();
    report.title(sight.title);
    for (const Group& group : sight.groups) {
      if (stop_requested() != Stop::none) return;
      const std::size_t done = result.figures.size();
      std::vector<Figure> figures = measure_if_it_fits(
          group, rules, options, ceilings, [&](const Figure& f, double noise) { progress.show(done, f, noise); });
      for (Figure& f : figures)
        if (f.stopped == "time" && f.summary.noise() > rules.max_noise) f.warnings.push_back("noise");
      progress.clear();
      report.figures(figures);
      std::ranges::move(figures, std::back_inserter(result.figures));
    }
  }
  result.is_complete = stop_requested() == Stop::none;
}

Exit exit_of(const RunResult& result, const Backends& backends) {
  switch (stop_requested()) {
    case Stop::interrupted:
      return exit_interrupted;
    case Stop::terminated:
      return exit_terminated;
    case Stop::timed_out:
      return exit_timed_out;
    case Stop::none:
      break;
  }
  bool has_failed = false;
  for (const Figure& f : result.figures) {
    if (f.is_wrong()) return exit_wrong;
    has_failed |= f.error && !f.is_hole();
  }
  if (has_failed) return exit_failed;
  return backends.has_missing ? exit_unavailable : exit_ok;
}

/// Names what was asked for and is not here.
void name_missing(const Backends& backends) {
  if (!backends.has_missing) return;
  for (const BackendInfo& info : backends.all)
    if (!info.available)
      fmt::print(stderr, "compute_bench: {} is not available: {}{}{}\n", info.name, info.reason,
                 info.hint.empty() ? "" : "; ", info.hint);
}

}  // namespace

Exit run(const Settings& settings, std::vector<std::string> arguments) {
  const Output outputs[] = {{settings.json, json_text}, {settings.csv, csv_text}, {settings.markdown, markdown_text}};
  check_outputs(outputs);
  catch_signals();
  if (settings.timeout > 0) stop_after(settings.timeout);
  Context context({.threads = settings.threads, .interrupt = [] { return stop_requested() != Stop::none; }});
  if (settings.self_test) return self_test(settings, context);

  const double begin = now();
  const bool stdout_is_taken = settings.json == "-" || settings.csv == "-" || settings.markdown == "-";
  TextReport report(stdout_is_taken ? stderr : stdout, settings.color, settings.verbose);
  if (settings.quiet || settings.dry_run) report.silence();
  RunResult result{.arguments = std::move(arguments), .start = utc_now(), .seed = settings.rules.seed};
  result.build = build_info();
  result.host = read_host();
  result.load_before = load_average();
  result.budget = context.threads();
  result.warnings = warnings_of(result.host, result.build, Context().threads(), settings.threads);
  report.machine(result.host, result.build, result.budget);
  const Backends backends = find_backends(context, settings);
  report.backends(backends.all, result.budget);
  report.warnings(result.warnings);
  name_missing(backends);
  if (backends.usable().empty()) return exit_unavailable;

  const std::vector<Sight> sights = sights_of(settings, backends);
  if (settings.dry_run) {
    print_plan(sights);
    return backends.has_missing ? exit_unavailable : exit_ok;
  }
  if (rows_of(sights) == 0) throw Failure(exit_usage, "no row is left; loosen --workload, --type or --filter");
  Ceilings ceilings;
  Progress progress(settings.quiet ? When::never : settings.progress);
  const bool is_short = settings.is_tour() && !settings.has_own_times && !settings.quick;
  measure_all(sights, is_short ? tour_rules(settings.rules) : settings.rules,
              {.device = settings.device, .context = &context}, ceilings, progress, report, result);
  result.duration = now() - begin;
  result.load_after = load_average();
  result.backends = backends.all;
  result.ceilings = ceilings.all();
  report.end(result.figures, result.duration);
  write_outputs(outputs, result);
  return exit_of(result, backends);
}

}  // namespace flynn::bench

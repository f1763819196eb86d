#include <fmt/format.h>

#include <cstdio>
#include <ctime>

#include <bench/clock.hpp>
#include <bench/commands.hpp>
#include <bench/format.hpp>
#include <bench/interrupt.hpp>
#include <bench/outputs.hpp>
#include <bench/progress.hpp>
#include <bench/report_text.hpp>
#include <bench/tour.hpp>

namespace flynn::bench {
namespace {

std::string utc_now() {
  const std::time_t time = std::time(nullptr);
  std::tm parts;
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

/// Rows of a group when there is no memory for it.
std::vector<Figure> out_of_memory(const Group& group) {
  std::vector<Figure> figures;
  const std::string words = fmt::format("it needs {}, {} are free", bytes_text(group.subject->bytes(group.n)),
                                        bytes_text(double(available_memory())));
  for (const BackendInfo* info : group.backends) {
    figures.push_back(
        {.spec = group.subject->info, .params = group.subject->params, .n = group.n, .requested = info->name});
    figures.back().error = Error(Code::out_of_memory, words, std::string(info->name), "try a smaller --size");
  }
  return figures;
}

std::vector<Figure> measure_if_it_fits(const Group& group, const Rules& rules, const Options& options,
                                       Ceilings& ceilings, const OnSample& on_sample) {
  try {
    return measure(group, rules, options, ceilings, on_sample);
  } catch (const std::bad_alloc&) {
    return out_of_memory(group);
  }
}

/// The sights that the settings select.
std::vector<Sight> sights_of(const Settings& settings, const Backends& backends) {
  std::vector<Sight> sights;
  if (settings.is_tour())
    sights = tour(backends);
  else
    sights.push_back({"", select(settings, backends)});
  return sights;
}

std::size_t rows_of(const Group& group) { return group.backends.size() + group.peers.size(); }

std::size_t rows_of(const std::vector<Sight>& sights) {
  std::size_t rows = 0;
  for (const Sight& sight : sights)
    for (const Group& group : sight.groups) rows += rows_of(group);
  return rows;
}

Exit print_plan(const std::vector<Sight>& sights, const Backends& backends) {
  for (const Sight& sight : sights)
    for (const Group& group : sight.groups)
      for (const BackendInfo* info : group.backends)
        fmt::print("{}/{}\n", row_name(*group.subject, group.n), info->name);
  fmt::print("{} figures\n", rows_of(sights));
  return backends.has_missing ? exit_unavailable : exit_ok;
}

/// Names what was asked for and is not here.
void name_missing(const Backends& backends) {
  for (const BackendInfo& info : backends.all)
    if (backends.has_missing && !info.available)
      fmt::print(stderr, "compute_bench: {} is not available: {}{}{}\n", info.name, info.reason,
                 info.hint.empty() ? "" : "; ", info.hint);
}

Exit exit_of(const RunResult& result, const Backends& backends) {
  if (const Exit stopped = exit_of(stop_requested()); stopped != exit_ok) return stopped;
  bool has_failed = false;
  for (const Figure& f : result.figures) {
    if (f.is_peer) continue;  // what is wrong with a peer is shown, and its own affair
    if (f.is_wrong()) return exit_wrong;
    has_failed |= f.error && !f.is_hole();
  }
  if (has_failed) return exit_failed;
  return backends.has_missing ? exit_unavailable : exit_ok;
}

/// Whether the tour shares out a minute; with times of the user's own it takes what they take.
bool has_tour_rules(const Settings& settings) {
  return settings.is_tour() && !settings.has_own_times && !settings.quick;
}

/// A run from its first line to its last.
class Runner {
 public:
  Runner(const Settings& settings, Context& context, std::vector<std::string> arguments)
      : settings_(settings),
        report_(takes_stdout(settings) ? stderr : stdout, settings.color, settings.verbose),
        progress_(settings.quiet ? When::never : settings.progress) {
    base_ = {.device = settings.device, .isolate = settings.isolate, .context = &context};
    result_.arguments = std::move(arguments);
    result_.start = utc_now();
    result_.seed = settings.rules.seed;
    result_.build = build_info();
    result_.host = read_host();
    result_.load_before = load_average();
    result_.budget = context.threads();
    result_.warnings = warnings_of(result_.host, result_.build, Context().threads(), settings.threads);
    warn_of_calibration(context.calibration(), result_.warnings);
    if (settings.quiet || settings.dry_run) report_.silence();
  }

  void show_machine() { report_.machine(result_.host, result_.build, result_.budget); }

  Exit measure_all(const Backends& backends, const std::vector<Sight>& sights) {
    report_.backends(backends.all, result_.budget);
    report_.peers(backends.peers);
    report_.warnings(result_.warnings);
    rows_left_ = rows_of(sights);
    progress_.begin(rows_left_);
    for (const Sight& sight : sights)
      if (stop_requested() == Stop::none) measure_sight(sight);
    result_.is_complete = stop_requested() == Stop::none;
    result_.duration = now() - begin_;
    result_.load_after = load_average();
    result_.backends = backends.all;
    result_.ceilings = ceilings_.all();
    report_.end(result_);
    write_outputs(settings_, result_);
    return exit_of(result_, backends);
  }

 private:
  void measure_sight(const Sight& sight) {
    report_.title(sight.title);
    for (const Group& group : sight.groups) {
      if (stop_requested() != Stop::none) return;
      const Rules rules = rules_now();
      auto figures = measure_if_it_fits(group, rules, base_, ceilings_, [&](const Figure& f, double noise) {
        progress_.show(result_.figures.size(), f, noise);
      });
      for (Figure& f : figures)
        if (f.stopped == "time" && f.summary.noise() > rules.max_noise) f.warnings.push_back("noise");
      rows_left_ -= rows_of(group);
      progress_.clear();
      if (settings_.peers)
        add_comparisons(figures);
      else
        report_.figures(figures);
      std::ranges::move(figures, std::back_inserter(result_.figures));
    }
  }

  void add_comparisons(const std::vector<Figure>& figures) {
    const auto comparisons = compare(figures, result_.budget, settings_.rules.seed);
    report_.comparisons(figures, comparisons);
    result_.comparisons.insert(result_.comparisons.end(), comparisons.begin(), comparisons.end());
  }

  Rules rules_now() const {
    if (!has_tour_rules(settings_)) return settings_.rules;
    return tour_rules(settings_.rules, now() - begin_, rows_left_);
  }

  const Settings& settings_;
  Options base_;
  double begin_ = now();
  std::size_t rows_left_ = 0;
  RunResult result_;
  TextReport report_;
  Progress progress_;
  Ceilings ceilings_;
};

}  // namespace

Exit run(const Settings& settings, std::vector<std::string> arguments) {
  if (settings.workloads == std::vector<std::string>{"mp"}) return mp_rows(settings);
  catch_signals();
  if (settings.timeout > 0) stop_after(settings.timeout, Stop::timed_out);
  Context context({.threads = settings.threads, .interrupt = [] { return stop_requested() != Stop::none; }});
  if (settings.self_test) return self_test(settings, context);

  Runner runner(settings, context, std::move(arguments));
  // Looking for devices takes up to a second: the user sees the machine first, unless a wrong name is to be refused.
  const bool is_named = !settings.backends.empty();
  check_environment(context);
  if (!is_named) runner.show_machine();
  const Backends backends = find_backends(context, settings);
  name_missing(backends);
  if (backends.usable().empty()) return exit_unavailable;
  const std::vector<Sight> sights = sights_of(settings, backends);
  if (settings.dry_run) return print_plan(sights, backends);
  if (rows_of(sights) == 0) throw Failure(exit_usage, "no row is left; loosen --workload, --type or --filter");
  check_outputs(settings);
  // What a call and its verification may still take then makes up the minute.
  if (has_tour_rules(settings)) stop_after(55, Stop::tour_over);
  if (is_named) runner.show_machine();
  return runner.measure_all(backends, sights);
}

}  // namespace flynn::bench

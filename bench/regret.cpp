#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>

#include <bench/clock.hpp>
#include <bench/commands.hpp>
#include <bench/format.hpp>
#include <bench/interrupt.hpp>
#include <bench/outputs.hpp>
#include <bench/progress.hpp>
#include <bench/regret.hpp>
#include <bench/report_json.hpp>
#include <bench/selection.hpp>

namespace flynn::bench {
namespace {

constexpr std::size_t rounds = 9, few_rounds = 3;
constexpr double sample_seconds = 200e-6, long_seconds = 0.1;
/// A call of more is not repeated three times for five ways of running it.
constexpr double most_seconds = 2;

/// auto, or a backend, in one cell of the grid.
struct Runner {
  std::string_view name;
  double guess = 0;  ///< seconds of a call, as first seen
  std::vector<double> samples = {};
};

/// A call of the cell, in memory of its own.
class Cell {
 public:
  Cell(const Subject& subject, std::size_t n, Context& context) : context_(context), cost_(subject.cost(n)) {
    while (AllSpecs::infos[index_].id != subject.info.id) ++index_;
    if (subject.info.rate == Rate::items) {
      trial_ = subject.prepare(n, 1);  // only its time depends on the values
    } else {
      work_ = subject.allocate(n);
      for (const Operand& o : work_->operands()) std::memset(o.data, 0x3f, o.bytes);  // 0.75, and no integer overflows
    }
  }

  /// Seconds of a call, the mean of `count`; empty when it cannot run there.
  std::optional<double> time(std::string_view backend, std::size_t count) {
    const Context::Request request = this->request();
    const Options options{.backend = backend, .context = &context_};
    Text text;
    std::string_view used;
    const double begin = now();
    for (std::size_t i = 0; i < count; ++i)
      if (!context_.execute(request, options, text, used).ok()) return {};
    return (now() - begin) / double(count);
  }

  Explanation explain() {
    Text text;
    Explanation explanation;
    (void)context_.explain(request(), {.backend = "auto", .context = &context_}, text, explanation);
    return explanation;
  }
  double work() const { return work_of(AllSpecs::infos[index_].rate, cost_); }

 private:
  Context::Request request() { return {index_, work_ ? work_->spec() : trial_->spec(), cost_}; }

  Context& context_;
  Cost cost_;
  std::size_t index_ = 0;
  std::unique_ptr<Work> work_;
  std::unique_ptr<Trial> trial_;
};

/// What the last smaller size took, so that hopeless calls are not even begun.
using Guesses = std::map<std::string_view, double>;

bool is_hopeless(const Guesses& before, std::string_view name, double growth) {
  const auto known = before.find(name);
  if (known == before.end()) return false;
  double least = known->second;
  for (const auto& [other, seconds] : before) least = std::min(least, seconds);
  const double expected = known->second * growth;
  return expected > most_seconds || (known->second > 4 * least && expected > 1e-3);
}

void take_samples(Cell& cell, std::vector<Runner>& runners) {
  double longest = 0;
  for (const Runner& r : runners) longest = std::max(longest, r.guess);
  const std::size_t count = longest > long_seconds ? few_rounds : rounds;
  for (std::size_t round = 0; round < count && stop_requested() == Stop::none; ++round)
    for (std::size_t i = 0; i < runners.size(); ++i) {
      Runner& r = runners[(i + round) % runners.size()];
      if (r.guess < sample_seconds) (void)cell.time(r.name, 1);  // wakes its threads
      const std::size_t batch = std::size_t(std::clamp(sample_seconds / r.guess, 1.0, 1e5));
      if (const auto seconds = cell.time(r.name, batch)) r.samples.push_back(*seconds);
    }
}

/// Opens, compiles and warms; leaves out what cannot run or cannot be the best.
std::vector<Runner> runners_of(Cell& cell, const std::vector<std::string>& names, const Guesses& before, double growth,
                               Guesses& seen) {
  std::vector<Runner> runners;
  for (const std::string& name : names) {
    if (is_hopeless(before, name, growth)) continue;
    if (!cell.time(name, 1)) continue;
    const auto second = cell.time(name, 1);
    if (second) seen[name] = *second, runners.push_back({name, std::max(*second, 1e-8)});
  }
  double least = INFINITY;
  for (const Runner& r : runners) least = std::min(least, r.guess);
  std::erase_if(runners, [&](const Runner& r) { return r.name != "auto" && r.guess > 5 * least && r.guess > 20e-6; });
  return runners;
}

std::optional<Regret> regret_of(const Subject& subject, std::size_t n, Cell& cell, std::vector<Runner>& runners) {
  Regret regret{.spec = subject.info, .n = n};
  regret.auto_backend = cell.explain().chosen;
  for (const Runner& r : runners) {
    if (r.samples.empty()) continue;
    const double seconds = median(r.samples);
    if (r.name == "auto")
      regret.auto_seconds = seconds;
    else if (regret.best_backend.empty() || seconds < regret.best_seconds)
      regret.best_backend = std::string(r.name), regret.best_seconds = seconds;
  }
  if (regret.auto_seconds == 0 || regret.best_backend.empty()) return {};
  return regret;
}

/// The sizes of a row: elements, and of gemm the order of a matrix of so many.
std::vector<std::size_t> sizes_of(const Settings& settings, Rate rate) {
  if (!settings.sizes.empty()) return settings.sizes;
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 12; ++i) {
    const double elements = std::pow(10.0, 8.0 * i / 11);
    sizes.push_back(std::size_t(std::lround(rate == Rate::flops ? std::sqrt(elements) : elements)));
  }
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

/// All sizes of one workload and type.
std::vector<Regret> measure_row(const Subject& subject, const Settings& settings, const std::vector<std::string>& names,
                                Context& context, std::size_t& left_out) {
  std::vector<Regret> row;
  Guesses before;
  double work = 0;
  for (const std::size_t n : sizes_of(settings, subject.info.rate)) {
    if (stop_requested() != Stop::none) break;
    try {
      const double more = work_of(subject.info.rate, subject.cost(n)), growth = work > 0 ? more / work : 1;
      if (is_hopeless(before, "auto", growth)) {
        ++left_out;
        continue;
      }
      Cell cell(subject, n, context);
      Guesses seen;
      std::vector<Runner> runners = runners_of(cell, names, before, growth, seen);
      take_samples(cell, runners);
      for (const auto& [name, seconds] : before) seen.try_emplace(name, seconds * growth);
      before = std::move(seen), work = more;
      if (const auto regret = regret_of(subject, n, cell, runners)) row.push_back(*regret);
    } catch (const std::bad_alloc&) {
      ++left_out;
    }
  }
  return row;
}

bool is_wanted(const std::vector<std::string>& list, std::string_view name) {
  return list.empty() || std::ranges::find(list, name) != list.end() || std::ranges::find(list, "all") != list.end();
}

std::vector<std::string> names_of(const Settings& settings, Context& context) {
  std::vector<std::string> names = {"auto"};
  if (settings.backends.empty()) {
    names.insert(names.end(), {"scalar", "simd", "threads", "processes"});
    return names;
  }
  const Backends backends = find_backends(context, settings);
  for (const BackendInfo* info : backends.usable())
    if (info->name != "auto") names.emplace_back(info->name);
  return names;
}

}  // namespace

Exit regret(const Settings& settings) {
  catch_signals();
  if (settings.timeout > 0) stop_after(settings.timeout, Stop::timed_out);
  check_outputs(settings);
  Context context({.threads = settings.threads, .interrupt = [] { return stop_requested() != Stop::none; }});
  const std::vector<std::string> names = names_of(settings, context);
  RegretResult result{.build = build_info(), .host = read_host(), .budget = context.threads()};
  result.calibration = context.calibration().state;
  warn_of_calibration(context.calibration(), result.warnings);
  Progress progress(settings.progress);
  const auto all = subjects();
  for (std::size_t i = 0; i < all.size() && stop_requested() == Stop::none; ++i) {
    if (!all[i].params.empty() || !is_wanted(settings.workloads, all[i].info.workload) ||
        !is_wanted(settings.types, all[i].info.type))
      continue;
    progress.show(double(i) / double(all.size()), fmt::format("{} {}", all[i].info.workload, all[i].info.type));
    const auto row = measure_row(all[i], settings, names, context, result.left_out);
    result.all.insert(result.all.end(), row.begin(), row.end());
  }
  progress.clear();
  result.is_complete = stop_requested() == Stop::none;
  if (settings.json != "-") fmt::print("{}", regret_table(result));
  if (!settings.json.empty()) write_file(settings.json, regret_json(result));
  return exit_of(stop_requested());
}

}  // namespace flynn::bench

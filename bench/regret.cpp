#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <random>
#include <thread>

#include <bench/clock.hpp>
#include <bench/commands.hpp>
#include <bench/cpu_wait.hpp>
#include <bench/format.hpp>
#include <bench/interrupt.hpp>
#include <bench/outputs.hpp>
#include <bench/progress.hpp>
#include <bench/regret.hpp>
#include <bench/report_json.hpp>
#include <bench/selection.hpp>
#include <bench/statistics.hpp>

namespace flynn::bench {
namespace {

/// Of a sample; of those of a cell, about. Calls of less than `small_seconds` gain from caches that are warm and
/// threads that are awake.
constexpr double sample_seconds = 200e-6, cell_seconds = 1, small_seconds = 0.02;
/// Part of a sample that threads may wait for a CPU.
constexpr double most_waiting = 0.03;
/// A call of more is not repeated three times for five ways of running it.
constexpr double most_seconds = 2;

/// auto, or a backend, in one cell of the grid.
struct Runner {
  std::string_view name;
  double guess = 0;  ///< seconds of a call, as first seen
  std::vector<double> samples = {};
  std::size_t disturbed = 0;  ///< samples that were taken once more
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

/// A sample, once more while threads of it waited for a CPU: as often as there are good ones, and five times more.
void take_sample(Cell& cell, Runner& r) {
  const std::size_t batch = std::size_t(std::clamp(sample_seconds / r.guess, 1.0, 1e5));
  for (;;) {
    std::this_thread::sleep_for(std::chrono::microseconds(100));  // the threads of the one before sleep by then
    const double waited = cpu_wait(), begin = now();
    if (r.guess < small_seconds) (void)cell.time(r.name, 1);  // wakes its own, and brings the caches back
    const auto seconds = cell.time(r.name, batch);
    if (!seconds) return;
    const bool is_disturbed = cpu_wait() - waited > most_waiting * (now() - begin);
    if (is_disturbed && r.disturbed++ < r.samples.size() + 5 && stop_requested() == Stop::none) continue;
    r.samples.push_back(*seconds);
    return;
  }
}

/// Samples in turns, in an order that changes: what one leaves behind must not always meet the same one.
void take_samples(Cell& cell, std::vector<Runner>& runners, std::size_t rounds) {
  std::mt19937_64 random(rounds);
  std::vector<Runner*> order;
  for (Runner& r : runners) order.push_back(&r);
  for (std::size_t round = 0; round < rounds && stop_requested() == Stop::none; ++round) {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    for (Runner* r : order)
      if (stop_requested() == Stop::none) take_sample(cell, *r);
  }
}

/// As many as fit into the time of a cell.
std::size_t rounds_of(const std::vector<Runner>& runners, std::size_t least, std::size_t most) {
  double round_seconds = 0;
  for (const Runner& r : runners) round_seconds += std::max(r.guess, sample_seconds);
  return std::clamp(std::size_t(cell_seconds / round_seconds), least, most);
}

/// A few rounds of all, then those that count: of auto and of whoever may be the best.
void compare(Cell& cell, std::vector<Runner>& runners) {
  take_samples(cell, runners, rounds_of(runners, 1, 3));
  std::erase_if(runners, [](const Runner& r) { return r.samples.empty(); });
  double least = INFINITY;
  for (Runner& r : runners) least = std::min(least, r.guess = median(r.samples));
  std::erase_if(runners, [&](const Runner& r) { return r.name != "auto" && r.guess > 1.5 * least; });
  for (Runner& r : runners) r.samples.clear();
  take_samples(cell, runners, rounds_of(runners, 3, 61));  // longer than what disturbs a machine lasts
}

/// The first runner is auto. Empty when it has no sample, or no other has.
std::optional<Regret> regret_of(const Subject& subject, std::size_t n, Cell& cell, std::vector<Runner>& runners) {
  std::erase_if(runners, [](const Runner& r) { return r.samples.empty(); });
  if (runners.size() < 2 || runners.front().name != "auto") return {};
  const auto middle = [](const Runner& r) { return median(r.samples); };
  const Runner& best = *std::ranges::min_element(runners.begin() + 1, runners.end(), {}, middle);
  return Regret{.spec = subject.info,
                .n = n,
                .auto_backend = std::string(cell.explain().chosen),
                .best_backend = std::string(best.name),
                .auto_seconds = middle(best) * median_of_ratios(runners.front().samples, best.samples),
                .best_seconds = middle(best)};
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
      compare(cell, runners);
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

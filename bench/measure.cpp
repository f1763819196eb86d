#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include <bench/clock.hpp>
#include <bench/cpu_wait.hpp>
#include <bench/interrupt.hpp>
#include <bench/measure.hpp>

namespace flynn::bench {
namespace {

/// The clock ticks in nanoseconds; 1 ms is 1000 times what reading it costs at its worst (1 us without a vDSO).
constexpr double least_sample_seconds = 1e-3;
constexpr std::size_t least_samples = 3, most_samples = 1000;
/// Calls that take longer do not gain from caches that are warm and threads that are awake.
constexpr double small_seconds = 0.02;
/// Part of a sample that threads may wait for a CPU.
constexpr double most_waiting = 0.03;

/// A backend's way, over the operands of the trial itself.
class BackendWay final : public Way {
 public:
  BackendWay(Trial& trial, const Options& options) : trial_(trial), options_(options) {}

  Result<Timing> first(Report& report) override {
    trial_.restore();
    report_ = options_.report = &report;
    auto timing = time(1);
    // Only a device has clocks of its own to report; for the others a report would be part of what is timed.
    if (report.kind != FlynnClass::simt) options_.report = nullptr;
    return timing;
  }
  Result<Timing> time(std::size_t count) override {
    const double waited = cpu_wait(), begin = now();
    auto done = trial_.run(count, options_);
    const double seconds = now() - begin;
    if (!done) return tl::unexpected(std::move(done.error()));
    return Timing{seconds, cpu_wait() - waited};
  }
  /// A call begins without the threads that still wake up: calls, until one had all that were ever in one.
  Result<Timing> wake() override {
    Report report;
    Report* const usual = std::exchange(options_.report, &report);
    const double begin = now();
    auto timing = time(1);
    while (timing && report.threads < report_->threads && now() - begin < wake_seconds) timing = time(1);
    report_->threads = std::max(report_->threads, report.threads);
    options_.report = usual;
    return timing;
  }
  Result<samples::Verdict> verify() override { return trial_.verify(options_); }
  /// Its threads spin for 50 us and then sleep.
  void rest() override { std::this_thread::sleep_for(std::chrono::microseconds(100)); }

 private:
  Trial& trial_;
  Options options_;
  Report* report_ = nullptr;  ///< of the figure
};

/// A figure while it is being sampled.
struct Contender {
  Figure& figure;
  std::unique_ptr<Way> way;
  double spent = 0;  ///< seconds in samples
  bool done = false;

  /// The cost of one call, as it was last seen.
  double last() const { return figure.samples.empty() ? figure.cold_seconds : figure.samples.back(); }
};

/// What calls took, or their error in the figure.
std::optional<Timing> take(Contender& c, Result<Timing> timing) {
  if (timing) return *timing;
  c.figure.error = std::move(timing.error());
  c.done = true;
  return {};
}

std::optional<Timing> time_calls(Contender& c, std::size_t count) { return take(c, c.way->time(count)); }

void warm_up(Contender& c, const Rules& rules) {
  const auto cold = take(c, c.way->first(c.figure.report));
  if (!cold) return;
  c.figure.cold_seconds = cold->seconds;
  if (c.figure.is_peer && c.figure.cold_seconds > 5 * rules.warmup_seconds) return;  // nothing to open or compile
  const double begin = now();
  double last = 0;
  while (!c.figure.is_steady && stop_requested() == Stop::none) {
    const auto timing = time_calls(c, c.figure.batch);
    if (!timing) return;
    const double one = timing->seconds / double(c.figure.batch);
    // Steady: within 5 %, more than the noise of 1 ms samples on a quiet machine and less than a change of clock.
    const bool is_long_enough = timing->seconds >= least_sample_seconds;
    c.figure.is_steady = is_long_enough && last > 0 && std::abs(one - last) <= 0.05 * last;
    last = is_long_enough ? one : 0;
    if (!is_long_enough)  // a tenth more, and not more than 100 times what was just seen
      c.figure.batch = std::max(
          c.figure.batch + 1, std::size_t(std::min(1.1 * least_sample_seconds / one, 100.0 * double(c.figure.batch))));
    else if (now() - begin >= rules.warmup_seconds)
      break;
  }
  c.figure.warmup_seconds = now() - begin;
  if (last < small_seconds) (void)take(c, c.way->wake());  // the first call may have had less threads than there are
}

/// Ends the sampling of a figure when it is good enough or has taken long enough.
void decide(Contender& c, const Rules& rules, double noise) {
  const std::size_t count = c.figure.samples.size();
  if (c.done) return;
  if (count >= rules.repetitions && c.spent >= rules.min_seconds && noise <= rules.max_noise)
    c.figure.stopped = "noise";
  else if (count >= least_samples && c.spent >= 4 * rules.min_seconds)
    c.figure.stopped = "time";
  else if (count >= most_samples)
    c.figure.stopped = "samples";
  c.done = !c.figure.stopped.empty();
}

/// Whether threads of the sample waited for a CPU so long that it says more about others than about the figure. A
/// sample is repeated at most as often as there are good ones, and five times more.
bool is_disturbed(Contender& c, const Timing& timing) {
  if (timing.waited <= most_waiting * timing.seconds || c.figure.disturbed >= c.figure.samples.size() + 5) return false;
  ++c.figure.disturbed;
  return true;
}

void sample(Contender& c, const Rules& rules, const OnSample& on_sample) {
  std::optional<Timing> timing;
  do {
    // Others had the caches meanwhile, and its threads slept: small work gets them back first.
    if (c.last() < small_seconds && !take(c, c.way->wake())) return;
    timing = time_calls(c, c.figure.batch);
    if (!timing) return;
    c.spent += timing->seconds;
  } while (is_disturbed(c, *timing) && stop_requested() == Stop::none);
  c.way->rest();
  c.figure.samples.push_back(timing->seconds / double(c.figure.batch));
  if (c.figure.report.kind == FlynnClass::simt)
    c.figure.device_seconds.push_back(c.figure.report.clocks.device_seconds);
  const double middle = median(c.figure.samples), noise = middle > 0 ? median_distance(c.figure.samples) / middle : 0;
  decide(c, rules, noise);
  on_sample(c.figure, noise);
}

/// Rounds over all contenders until the last one is done. `together`: each until then, else until its own end.
void sample_all(std::vector<Contender>& contenders, const Rules& rules, bool together, const OnSample& on_sample) {
  std::mt19937_64 random(rules.seed);
  std::vector<Contender*> order;
  for (Contender& c : contenders) order.push_back(&c);
  while (stop_requested() == Stop::none) {
    std::erase_if(order, [&](const Contender* c) { return c->figure.error || (!together && c->done); });
    if (std::ranges::all_of(order, &Contender::done)) return;
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    for (Contender* c : order)
      if (stop_requested() == Stop::none) sample(*c, rules, on_sample);
  }
}

/// The ceiling of a figure: of bytes or arithmetic, whichever binds. One that runs on a device of its own has none
/// here.
const Ceiling* ceiling_of(const Figure& f, const Group& group, const Options& base, Ceilings& ceilings) {
  if (f.spec.rate == Rate::items) return nullptr;  // neither is known
  unsigned threads = f.report.threads;
  if (f.report.kind == FlynnClass::simt) {
    const auto found = std::ranges::find(group.backends, f.requested, &BackendInfo::name);
    const std::size_t device = base.device < 0 ? 0 : std::size_t(base.device);
    if (device >= (*found)->devices.size() || !(*found)->devices[device].is_cpu) return nullptr;
    threads = std::min(base.context->threads(), (*found)->devices[device].compute_units);
  }
  const Ceiling* const bytes = ceilings.bandwidth(group.subject->traffic(group.n), threads);
  const Ceiling* const flops = ceilings.multiply_add(f.spec.type, threads);
  if (!bytes || !flops) return bytes ? bytes : f.spec.rate == Rate::flops ? flops : nullptr;
  return bytes->least_seconds(f.cost) < flops->least_seconds(f.cost) ? flops : bytes;
}

/// What follows from the samples, and the verdict.
void finish(Contender& c, const Rules& rules) {
  Figure& f = c.figure;
  f.summary = summarize(f.samples, rules.seed);
  if (f.error || f.samples.empty() || !rules.validate) return;
  if (auto verdict = c.way->verify())
    f.validation = std::move(*verdict);
  else
    f.error = std::move(verdict.error());
}

/// Everything that a figure has before its first call.
Figure figure_of(const Group& group, const Trial& trial, std::string_view name, bool is_peer) {
  return {.spec = group.subject->info,
          .params = group.subject->params,
          .n = group.n,
          .cost = trial.cost(),
          .requested = name,
          .is_peer = is_peer};
}

std::vector<Contender> backends_of(const Group& group, Trial& trial, const Options& base, std::deque<Figure>& figures) {
  std::vector<Contender> contenders;
  for (const BackendInfo* info : group.backends) {
    figures.push_back(figure_of(group, trial, info->name, false));
    Options options = base;
    options.backend = info->name;
    contenders.push_back({figures.back(), std::make_unique<BackendWay>(trial, options)});
  }
  return contenders;
}

/// Each peer on one thread, and on all if it has them.
std::vector<Contender> peers_of(const Group& group, Trial& trial, unsigned threads, std::deque<Figure>& figures) {
  std::vector<Contender> contenders;
  const std::size_t subject = std::size_t(group.subject - subjects().data());
  for (const PeerInfo* info : group.peers) {
    const auto seat = std::make_shared<PeerSeat>(*info, subject, group.n, trial);
    for (unsigned count = 1; count <= threads; count += std::max(threads - 1, 1u)) {  // 1 and `threads`
      if (count > 1 && !info->has_threads[subject]) continue;
      figures.push_back(figure_of(group, trial, info->name, true));
      Figure& f = figures.back();
      f.report.used = info->name;
      f.report.threads = count;
      f.error = seat->error();
      if (!f.error) contenders.push_back({f, way_of(seat, count)});
    }
  }
  return contenders;
}

/// The speed over scalar, and the ceilings a second time.
void compare_rows(std::deque<Figure>& figures, Ceilings& ceilings) {
  const Figure* scalar = nullptr;
  for (Figure& f : figures)
    if (!f.is_peer && f.report.kind == FlynnClass::sisd && f.report.used == "scalar" && !f.samples.empty()) scalar = &f;
  std::set<const Ceiling*> used;
  for (Figure& f : figures) {
    if (scalar && !f.samples.empty()) f.speedup = scalar->summary.median / f.summary.median;
    if (f.ceiling && used.insert(f.ceiling).second && stop_requested() == Stop::none)
      ceilings.measure_again(*f.ceiling);
  }
}

}  // namespace

std::vector<Figure> measure(const Group& group, const Rules& rules, const Options& base, Ceilings& ceilings,
                            const OnSample& on_sample) {
  const auto trial = group.subject->prepare(group.n, rules.seed);
  std::deque<Figure> figures;  // stable addresses
  std::vector<Contender> contenders = backends_of(group, *trial, base, figures);
  std::ranges::move(peers_of(group, *trial, base.context->threads(), figures), std::back_inserter(contenders));
  for (Contender& c : contenders) {
    if (stop_requested() != Stop::none) break;
    warm_up(c, rules);
    c.way->rest();
    if (!c.figure.error && stop_requested() == Stop::none)
      c.figure.ceiling = ceiling_of(c.figure, group, base, ceilings);
  }
  sample_all(contenders, rules, !group.peers.empty(), on_sample);
  for (Contender& c : contenders) finish(c, rules);
  compare_rows(figures, ceilings);
  std::erase_if(figures, [](const Figure& f) {  // what a stop left half-way
    return f.error ? f.error->code() == Code::cancelled : f.stopped.empty();
  });
  return {std::move_iterator(figures.begin()), std::move_iterator(figures.end())};
}

}  // namespace flynn::bench

#include <algorithm>
#include <random>

#include <bench/clock.hpp>
#include <bench/interrupt.hpp>
#include <bench/measure.hpp>

namespace flynn::bench {
namespace {

/// The clock ticks in nanoseconds; 1 ms is 1000 times what reading it costs at its worst (1 us without a vDSO).
constexpr double least_sample_seconds = 1e-3;
constexpr std::size_t least_samples = 3, most_samples = 1000;

/// A figure while it is being sampled.
struct Contender {
  Figure& figure;
  Options options;
  double spent = 0;  ///< seconds in samples
  bool done = false;
};

/// Seconds of a batch of calls, or the error in the figure.
std::optional<double> time_calls(Trial& trial, Contender& c, std::size_t count) {
  const double begin = now();
  auto done = trial.run(count, c.options);
  const double seconds = now() - begin;
  if (done) return seconds;
  c.figure.error = std::move(done.error());
  c.done = true;
  return {};
}

void warm_up(Trial& trial, Contender& c, const Rules& rules) {
  trial.restore();
  c.options.report = &c.figure.report;
  const auto cold = time_calls(trial, c, 1);
  // Only a device has clocks of its own to report; for the others a report would be part of what is timed.
  if (c.figure.report.kind != FlynnClass::simt) c.options.report = nullptr;
  if (!cold) return;
  c.figure.cold_seconds = *cold;
  const double begin = now();
  double last = 0;
  while (!c.figure.is_steady && stop_requested() == Stop::none) {
    const auto seconds = time_calls(trial, c, c.figure.batch);
    if (!seconds) return;
    const double one = *seconds / double(c.figure.batch);
    // Steady: within 5 %, more than the noise of 1 ms samples on a quiet machine and less than a change of clock.
    const bool is_long_enough = *seconds >= least_sample_seconds;
    c.figure.is_steady = is_long_enough && last > 0 && std::abs(one - last) <= 0.05 * last;
    last = is_long_enough ? one : 0;
    if (!is_long_enough)  // a tenth more, and not more than 100 times what was just seen
      c.figure.batch = std::max(
          c.figure.batch + 1, std::size_t(std::min(1.1 * least_sample_seconds / one, 100.0 * double(c.figure.batch))));
    else if (now() - begin >= rules.warmup_seconds)
      break;
  }
  c.figure.warmup_seconds = now() - begin;
}

/// Ends the sampling of a figure when it is good enough or has taken long enough.
void decide(Contender& c, const Rules& rules, double noise) {
  const std::size_t count = c.figure.samples.size();
  if (count >= rules.repetitions && c.spent >= rules.min_seconds && noise <= rules.max_noise)
    c.figure.stopped = "noise";
  else if (count >= least_samples && c.spent >= 4 * rules.min_seconds)
    c.figure.stopped = "time";
  else if (count >= most_samples)
    c.figure.stopped = "samples";
  c.done = !c.figure.stopped.empty();
}

void sample(Trial& trial, Contender& c, const Rules& rules, const OnSample& on_sample) {
  // Another backend had the caches meanwhile: small work has one call to get them back.
  if (c.figure.batch > 1 && !time_calls(trial, c, 1)) return;
  const auto seconds = time_calls(trial, c, c.figure.batch);
  if (!seconds) return;
  c.spent += *seconds;
  c.figure.samples.push_back(*seconds / double(c.figure.batch));
  if (c.options.report) c.figure.device_seconds.push_back(c.figure.report.clocks.device_seconds);
  const double middle = median(c.figure.samples), noise = middle > 0 ? median_distance(c.figure.samples) / middle : 0;
  decide(c, rules, noise);
  on_sample(c.figure, noise);
}

/// Rounds over all contenders until the last one is done.
void sample_all(Trial& trial, std::vector<Contender>& contenders, const Rules& rules, const OnSample& on_sample) {
  std::mt19937_64 random(rules.seed);
  std::vector<Contender*> order;
  for (Contender& c : contenders) order.push_back(&c);
  while (stop_requested() == Stop::none) {
    std::erase_if(order, [](const Contender* c) { return c->done; });
    if (order.empty()) return;
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    for (Contender* c : order)
      if (stop_requested() == Stop::none) sample(trial, *c, rules, on_sample);
  }
}

/// The ceiling of a figure. One that runs on a device of its own has none here.
const Ceiling* ceiling_of(const Figure& f, const Group& group, const BackendInfo& backend, const Options& base,
                          Ceilings& ceilings) {
  unsigned threads = f.report.threads;
  if (f.report.kind == FlynnClass::simt) {
    const std::size_t device = base.device < 0 ? 0 : std::size_t(base.device);
    if (device >= backend.devices.size() || !backend.devices[device].is_cpu) return nullptr;
    threads = std::min(base.context->threads(), backend.devices[device].compute_units);
  }
  if (f.spec.rate == Rate::bytes) return ceilings.bandwidth(group.subject->traffic(group.n), threads);
  if (f.spec.rate == Rate::flops) return ceilings.multiply_add(f.spec.type, threads);
  return nullptr;
}

/// What follows from the samples, and the verdict.
void finish(Trial& trial, Contender& c, const Rules& rules) {
  Figure& f = c.figure;
  f.summary = summarize(f.samples, rules.seed);
  if (f.error || f.samples.empty() || !rules.validate) return;
  if (auto verdict = trial.verify(c.options))
    f.validation = std::move(*verdict);
  else
    f.error = std::move(verdict.error());
}

}  // namespace

std::vector<Figure> measure(const Group& group, const Rules& rules, const Options& base, Ceilings& ceilings,
                            const OnSample& on_sample) {
  const auto trial = group.subject->prepare(group.n, rules.seed);
  std::vector<Figure> figures(group.backends.size());
  std::vector<Contender> contenders;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    figures[i].spec = group.subject->info;
    figures[i].n = group.n;
    figures[i].cost = trial->cost();
    figures[i].requested = group.backends[i]->name;
    contenders.push_back({figures[i], base});
    contenders[i].options.backend = group.backends[i]->name;
    if (stop_requested() == Stop::none) warm_up(*trial, contenders[i], rules);
    if (!figures[i].error && stop_requested() == Stop::none)
      figures[i].ceiling = ceiling_of(figures[i], group, *group.backends[i], base, ceilings);
  }
  sample_all(*trial, contenders, rules, on_sample);
  for (Contender& c : contenders) finish(*trial, c, rules);

  const Figure* scalar = nullptr;
  for (Figure& f : figures) {
    if (f.report.kind == FlynnClass::sisd && f.report.used == "scalar" && !f.samples.empty()) scalar = &f;
    if (f.ceiling && stop_requested() == Stop::none) ceilings.measure_again(*f.ceiling);
  }
  for (Figure& f : figures)
    if (scalar && !f.samples.empty()) f.speedup = scalar->summary.median / f.summary.median;
  std::erase_if(figures, [](const Figure& f) {  // what a stop left half-way
    return f.error ? f.error->code() == Code::cancelled : f.stopped.empty();
  });
  return figures;
}

}  // namespace flynn::bench

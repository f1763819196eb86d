#include <fmt/format.h>

#include <bench/commands.hpp>
#include <bench/format.hpp>
#include <bench/interrupt.hpp>
#include <bench/selection.hpp>

namespace flynn::bench {
namespace {

enum class Outcome { noticed, missed, right_refused, no_kernel, failed };
constexpr const char* name_of(Outcome outcome) {
  constexpr const char* names[] = {"noticed", "NOT NOTICED", "right result refused", "no kernel", "failed"};
  return names[int(outcome)];
}

/// A right result must pass, the same result with a planted error must not.
Outcome test_one(Trial& trial, const Options& options, std::string& words) {
  const auto verdict = trial.verify(options);
  if (!verdict) {
    words = verdict.error().what();
    return verdict.error().code() == Code::unsupported ? Outcome::no_kernel : Outcome::failed;
  }
  words = verdict->where;
  if (!verdict->pass) return Outcome::right_refused;
  const Verdict planted = trial.verify_planted_error();
  words = fmt::format("{:.3g} {}", planted.value, planted.metric);
  return planted.pass ? Outcome::missed : Outcome::noticed;
}

/// Sizes that end within a block and within a vector of every width.
std::size_t usual_size(Rate rate) { return rate == Rate::flops ? 65 : 4099; }

std::vector<Group> groups_of(const Settings& settings, const Backends& backends) {
  std::vector<Group> groups;
  for (const Group& group : select(settings, backends)) {
    const std::size_t n = settings.sizes.empty() ? usual_size(group.subject->info.rate) : group.n;
    if (!groups.empty() && groups.back().subject == group.subject && groups.back().n == n) continue;
    groups.push_back({group.subject, n, group.backends});
  }
  return groups;
}

struct Counts {
  int of[5] = {};
  int operator[](Outcome outcome) const { return of[int(outcome)]; }
};

Exit conclude(const Counts& counts, const Backends& backends) {
  const int planted = counts[Outcome::noticed] + counts[Outcome::missed];
  fmt::print("{} errors planted, {} noticed", planted, counts[Outcome::noticed]);
  for (Outcome outcome : {Outcome::right_refused, Outcome::no_kernel, Outcome::failed})
    if (counts[outcome] > 0) fmt::print("; {}: {}", name_of(outcome), counts[outcome]);
  fmt::print("\n");
  if (const Exit stopped = exit_of(stop_requested()); stopped != exit_ok) return stopped;
  if (counts[Outcome::missed] + counts[Outcome::right_refused] > 0) return exit_wrong;
  if (counts[Outcome::failed] > 0 || planted == 0) return exit_failed;
  return backends.has_missing ? exit_unavailable : exit_ok;
}

}  // namespace

Exit self_test(const Settings& settings, Context& context) {
  const Backends backends = find_backends(context, settings);
  Counts counts;
  for (const Group& group : groups_of(settings, backends)) {
    const auto trial = group.subject->prepare(group.n, settings.rules.seed);
    for (const BackendInfo* info : group.backends) {
      if (stop_requested() != Stop::none) return conclude(counts, backends);
      std::string words;
      const Outcome outcome =
          test_one(*trial, {.backend = info->name, .device = settings.device, .context = &context}, words);
      ++counts.of[int(outcome)];
      if (settings.quiet && outcome != Outcome::missed && outcome != Outcome::right_refused) continue;
      fmt::print("{:<9} {:<4} {:>6} {:<9} {:<21} {}\n", group.subject->info.workload, group.subject->info.type,
                 size_text(group.n), info->name, name_of(outcome), words);
    }
  }
  return conclude(counts, backends);
}

}  // namespace flynn::bench

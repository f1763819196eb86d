#include <fmt/format.h>

#include <bench/commands.hpp>
#include <bench/format.hpp>
#include <bench/selection.hpp>

namespace flynn::bench {
namespace {

enum class Outcome { caught, missed, right_refused, no_kernel, failed };

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
  return planted.pass ? Outcome::missed : Outcome::caught;
}

/// A number that ends within a block and within a vector of every width.
std::size_t usual_size(Rate rate) { return rate == Rate::flops ? 65 : 4099; }

}  // namespace

Exit self_test(const Settings& settings, Context& context) {
  constexpr const char* words_of[] = {"noticed", "NOT NOTICED", "right result refused", "no kernel", "failed"};
  const Backends backends = find_backends(context, settings);
  int counts[5] = {};
  for (const Subject& subject : subjects()) {
    Settings one = settings;
    if (one.sizes.empty()) one.sizes = {usual_size(subject.info.rate)};
    for (const Group& group : select(one, backends)) {
      if (group.subject != &subject) continue;
      const auto trial = subject.prepare(group.n, settings.rules.seed);
      for (const BackendInfo* info : group.backends) {
        std::string words;
        const Outcome outcome = test_one(
            *trial,
            {.backend = info->name, .device = settings.device, .threads = settings.threads, .context = &context},
            words);
        ++counts[int(outcome)];
        if (!settings.quiet || outcome == Outcome::missed)
          fmt::print("{:<9} {:<4} {:>6} {:<8} {:<21} {}\n", subject.info.workload, subject.info.type,
                     size_text(group.n), info->name, words_of[int(outcome)], words);
      }
    }
  }
  const int planted = counts[int(Outcome::caught)] + counts[int(Outcome::missed)];
  fmt::print("{} errors planted, {} noticed", planted, counts[int(Outcome::caught)]);
  if (counts[int(Outcome::right_refused)] > 0)
    fmt::print("; {} right results refused", counts[int(Outcome::right_refused)]);
  if (counts[int(Outcome::failed)] > 0) fmt::print("; {} runs failed", counts[int(Outcome::failed)]);
  fmt::print("\n");
  if (counts[int(Outcome::missed)] + counts[int(Outcome::right_refused)] > 0) return exit_wrong;
  if (counts[int(Outcome::failed)] > 0 || planted == 0) return exit_failed;
  return backends.has_missing ? exit_unavailable : exit_ok;
}

}  // namespace flynn::bench

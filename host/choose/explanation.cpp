#include <cstdio>
#include <string>

#include <flynn/report.hpp>
#include <host/choose/words.hpp>

namespace flynn {
namespace {

const char* words_of(Standing standing) {
  switch (standing) {
    case Standing::chosen:
      return "chosen";
    case Standing::slower:
      return "slower";
    case Standing::unmeasured:
      return "rejected: it was not measured";
    case Standing::changed:
      return "rejected: what was measured had another device or driver";
    case Standing::failed:
      return "rejected: it failed in this process";
    case Standing::unavailable:
      return "rejected: it is not here; `compute_bench doctor` says why";
    case Standing::unsupported:
      return "rejected: it has no kernel for this";
    case Standing::not_asked:
      return "rejected: the call names another backend";
  }
  return "";
}

const char* words_of(CalibrationState state) {
  switch (state) {
    case CalibrationState::absent:
      return "there is no calibration, so the static prior decides; `compute_bench calibrate` measures this machine";
    case CalibrationState::valid:
      return "by the calibration of this machine";
    case CalibrationState::unsafe:
      return "the calibration is ignored: somebody else may have written it";
    case CalibrationState::damaged:
      return "the calibration is ignored: it is damaged";
    case CalibrationState::foreign:
      return "the calibration is ignored: it is of another machine";
    case CalibrationState::outdated:
      return "the calibration is ignored: it is of another build of flynn";
  }
  return "";
}

/// "1.5 ms".
std::string seconds_text(double seconds) {
  const char* const units[] = {"ns", "us", "ms", "s"};
  std::size_t unit = 0;
  for (seconds *= 1e9; seconds >= 999.5 && unit < 3; ++unit) seconds /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %s", seconds, units[unit]);
  return text;
}

}  // namespace

const char* words_of(Reason reason) {
  switch (reason) {
    case Reason::requested:
      return "as requested";
    case Reason::environment:
      return "as FLYNN_BACKEND says";
    case Reason::small:
      return "a second thread would not help";
    case Reason::large:
      return "large enough for all threads";
    case Reason::calibrated:
      return "the fastest by what was measured here";
  }
  return "";
}

std::string Explanation::text() const {
  std::string text(workload);
  text.append(" ").append(type).append(": requested ").append(requested).append(", chosen ").append(chosen);
  text.append(" (").append(words_of(reason)).append(")\n");
  if (requested == "auto") text.append("  ").append(words_of(calibration)).append("\n");
  double chosen_seconds = 0;
  for (const Candidate& c : candidates)
    if (c.standing == Standing::chosen) chosen_seconds = c.seconds;
  for (std::size_t i = 0; i < count; ++i) {
    const Candidate& c = candidates[i];
    text.append("  ").append(c.backend).append(c.backend.size() < 10 ? 10 - c.backend.size() : 1, ' ');
    const bool is_less = c.standing == Standing::slower && c.seconds < chosen_seconds;
    text.append(is_less ? "slower soon" : words_of(c.standing));
    if (!c.why.empty()) text.append(" (").append(c.why).append(")");
    if (c.seconds > 0)
      text.append(", predicted ")
          .append(seconds_text(c.seconds))
          .append(c.origin == Origin::calibrated ? " (calibrated)" : " (prior)");
    text.append("\n");
  }
  return text;
}

}  // namespace flynn

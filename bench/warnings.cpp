#include <fmt/format.h>

#include <bench/host_info.hpp>

namespace flynn::bench {

std::vector<Warning> warnings_of(const HostInfo& host, const BuildInfo& build, unsigned budget, unsigned request) {
  std::vector<Warning> all;
  if (build.is_debug)
    all.push_back({"debug-build", "compute_bench was built with assertions", "build the release preset"});
  if (!build.sanitizer.empty())
    all.push_back({"sanitizer-build",
                   fmt::format("built with -fsanitize={}; every figure is far too slow", build.sanitizer),
                   "build the release preset"});
  if (const double load = load_average(); load > 0.2)
    all.push_back({"load", fmt::format("the machine was busy: {:.1f} tasks ran in the last minute", load),
                   "stop them, or wait a minute"});
  if (host.affinity < host.cpus)
    all.push_back({"affinity", fmt::format("only {} of {} CPUs may be used", host.affinity, host.cpus),
                   "start without taskset or a cpuset"});
  if (budget < host.affinity)
    all.push_back({"quota", fmt::format("a CPU quota pays for {} of {} CPUs", budget, host.affinity),
                   "raise the quota of the control group or the container"});
  if (request > budget)
    all.push_back({"threads", fmt::format("{} threads were asked for, {} are used", request, budget),
                   "ask for no more than the machine allows"});
  if (!host.governor.empty() && host.governor != "performance")
    all.push_back({"governor", fmt::format("the CPU's frequency governor is {}", host.governor),
                   "cpupower frequency-set -g performance"});
  if (host.cores < host.cpus)
    all.push_back({"smt", fmt::format("{} CPUs are {} cores: threads share units", host.cpus, host.cores),
                   fmt::format("--threads {}", host.cores)});
  if (host.is_virtual)
    all.push_back({"virtual-machine", "the clock and the caches are shared with strangers",
                   "compare only what was measured in one run"});
  return all;
}

void warn_of_calibration(const CalibrationFile& file, std::vector<Warning>& all) {
  if (file.state == CalibrationState::valid || file.state == CalibrationState::absent) return;
  all.push_back({"calibration", fmt::format("{} is ignored, auto chooses by size alone: {}", file.path, file.reason),
                 "compute_bench calibrate; if it says no, remove the file first"});
}

}  // namespace flynn::bench

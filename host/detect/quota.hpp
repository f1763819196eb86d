#pragma once
#include <optional>
#include <string>

namespace flynn::detect {

/// How many CPUs' worth of time the control groups of this process allow, for example 1.5; empty when they set no
/// limit. The least quota counts, from the process's own group up to the root, in version 1 (cpu.cfs_quota_us over
/// cpu.cfs_period_us) and in version 2 (cpu.max). What cannot be read or parsed sets no limit.
///
/// `root` is where /proc and /sys are looked up, so that a directory of files can stand for another machine.
std::optional<double> cpu_quota(const std::string& root = "/");

}  // namespace flynn::detect

#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include <flynn/calibration.hpp>

namespace flynn::bench {

struct Cache {
  int level;
  std::string type;  ///< "Data", "Instruction" or "Unified"
  std::size_t bytes;
  std::string shared_by;  ///< CPUs, as the kernel writes lists: "0-3,8"
};

/// The machine as /proc and /sys tell it; what they do not tell is empty or 0.
struct HostInfo {
  std::string name, os, kernel, libc;
  std::string container;  ///< "docker", "podman" or what the container calls itself
  bool is_virtual = false;
  std::string vendor, model, microcode;
  std::vector<std::string> isa;  ///< flags that matter to number crunching
  unsigned cpus = 0;             ///< online
  unsigned cores = 0;            ///< of those that are online, siblings counted once
  std::string governor, turbo;   ///< turbo: "on" or "off"
  double base_mhz = 0, max_mhz = 0;
  std::vector<Cache> caches;  ///< of CPU 0
  unsigned numa_nodes = 0;
  std::size_t memory_bytes = 0;
  unsigned affinity = 0;  ///< CPUs that this process may use

  std::size_t last_cache_bytes() const;  ///< 0: unknown
};

HostInfo read_host();

/// Runnable tasks, averaged over the last minute; below 0 when unknown.
double load_average();
/// What a program may still allocate without swapping; 0 when unknown.
std::size_t available_memory();

/// How compute_bench was built.
struct BuildInfo {
  std::string version, git_sha, build_type, compiler, flags, sanitizer;
  bool is_dirty = false, is_debug = false;
  std::vector<std::string> isa = {};  ///< instruction sets in it
};
BuildInfo build_info();

/// A state of the machine or the build that makes figures worse or less true than they could be.
struct Warning {
  std::string code, text, cure;
};
/// @param budget threads that flynn would use when not asked otherwise
/// @param request threads that the user asks for; 0: none
std::vector<Warning> warnings_of(const HostInfo& host, const BuildInfo& build, unsigned budget, unsigned request);
/// Adds one when there is a calibration that does not count.
void warn_of_calibration(const CalibrationFile& file, std::vector<Warning>& all);

}  // namespace flynn::bench

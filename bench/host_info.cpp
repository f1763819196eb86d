#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include <bench/build_info.hpp>
#include <bench/format.hpp>
#include <bench/host_info.hpp>

namespace flynn::bench {
namespace {

const std::string sys_cpu = "/sys/devices/system/cpu/";

/// The first line of a file; empty when there is none.
std::string line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The value of "key: value" or "key=value", of its first line.
std::string value_of(const std::string& path, std::string_view key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t at = line.find(separator);
    if (at == std::string::npos || line.compare(0, key.size(), key) != 0) continue;
    if (line.find_first_not_of(" \t", key.size()) != at) continue;
    const std::size_t begin = line.find_first_not_of(" \t\"", at + 1);
    if (begin == std::string::npos) return {};
    return line.substr(begin, line.find_last_not_of(" \t\"") + 1 - begin);
  }
  return {};
}

std::size_t kib_of(std::string_view key) {
  return std::size_t(std::strtoull(value_of("/proc/meminfo", key, ':').c_str(), nullptr, 10)) << 10;
}

void read_system(HostInfo& host) {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  host.name = name;
  utsname system = {};
  uname(&system);
  host.kernel = fmt::format("{} {}", system.sysname, system.release);
  host.libc = fmt::format("glibc {}", gnu_get_libc_version());
  host.os = value_of("/etc/os-release", "PRETTY_NAME", '=');
  if (access("/.dockerenv", F_OK) == 0) host.container = "docker";
  if (access("/run/.containerenv", F_OK) == 0) host.container = "podman";
  if (host.container.empty()) host.container = line_of("/run/systemd/container");
  host.memory_bytes = kib_of("MemTotal");
}

void read_flags(HostInfo& host) {
  constexpr std::string_view wanted[] = {"sse2",     "sse4_2",      "avx",         "fma",  "avx2",  "avx512f",
                                         "avx512bw", "avx512_fp16", "avx512_vnni", "bmi2", "asimd", "sve"};
  const std::string x86 = value_of("/proc/cpuinfo", "flags", ':');
  std::istringstream flags(x86.empty() ? value_of("/proc/cpuinfo", "Features", ':') : x86);
  for (std::string flag; flags >> flag;) {
    if (flag == "hypervisor") host.is_virtual = true;
    if (std::ranges::find(wanted, flag) != std::end(wanted)) host.isa.push_back(flag);
  }
}

void read_cpu(HostInfo& host) {
  host.vendor = value_of("/proc/cpuinfo", "vendor_id", ':');
  host.model = value_of("/proc/cpuinfo", "model name", ':');
  host.microcode = value_of("/proc/cpuinfo", "microcode", ':');
  read_flags(host);
  host.cpus = unsigned(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  std::set<std::string> cores;
  for (unsigned cpu = 0; cpu < host.cpus; ++cpu)
    cores.insert(line_of(fmt::format("{}cpu{}/topology/thread_siblings_list", sys_cpu, cpu)));
  host.cores = unsigned(cores.size());
  host.governor = line_of(sys_cpu + "cpu0/cpufreq/scaling_governor");
  host.base_mhz = std::strtod(line_of(sys_cpu + "cpu0/cpufreq/base_frequency").c_str(), nullptr) / 1000;
  host.max_mhz = std::strtod(line_of(sys_cpu + "cpu0/cpufreq/cpuinfo_max_freq").c_str(), nullptr) / 1000;
  const std::string no_turbo = line_of(sys_cpu + "intel_pstate/no_turbo"), boost = line_of(sys_cpu + "cpufreq/boost");
  if (!no_turbo.empty()) host.turbo = no_turbo == "0" ? "on" : "off";
  if (!boost.empty()) host.turbo = boost == "1" ? "on" : "off";
  cpu_set_t mask;
  host.affinity = sched_getaffinity(0, sizeof mask, &mask) == 0 ? unsigned(CPU_COUNT(&mask)) : host.cpus;
}

void read_caches(HostInfo& host) {
  for (int index = 0;; ++index) {
    const std::string folder = fmt::format("{}cpu0/cache/index{}/", sys_cpu, index);
    const std::string level = line_of(folder + "level"), size = line_of(folder + "size");
    if (level.empty()) break;
    const std::size_t kib = std::size_t(std::strtoull(size.c_str(), nullptr, 10));
    host.caches.push_back({std::atoi(level.c_str()), line_of(folder + "type"), kib << (size.ends_with('M') ? 20 : 10),
                           line_of(folder + "shared_cpu_list")});
  }
  while (access(fmt::format("/sys/devices/system/node/node{}", host.numa_nodes).c_str(), F_OK) == 0) ++host.numa_nodes;
}

}  // namespace

std::size_t HostInfo::last_cache_bytes() const {
  std::size_t most = 0;
  for (const Cache& cache : caches) most = std::max(most, cache.bytes);
  return most;
}

HostInfo read_host() {
  HostInfo host;
  read_system(host);
  read_cpu(host);
  read_caches(host);
  return host;
}

double load_average() {
  double load = -1;
  return getloadavg(&load, 1) == 1 ? load : -1;
}

std::size_t available_memory() { return kib_of("MemAvailable"); }

BuildInfo build_info() {
  BuildInfo build{.version = FLYNN_BENCH_VERSION,
                  .git_sha = FLYNN_BENCH_GIT_SHA,
                  .build_type = FLYNN_BENCH_BUILD_TYPE,
                  .compiler = FLYNN_BENCH_COMPILER,
                  .flags = FLYNN_BENCH_FLAGS,
                  .sanitizer = FLYNN_BENCH_SANITIZER,
                  .is_dirty = FLYNN_BENCH_GIT_DIRTY};
  build.isa = split(FLYNN_BENCH_ISA);
#if !defined(NDEBUG)
  build.is_debug = true;
#endif
  return build;
}

}  // namespace flynn::bench

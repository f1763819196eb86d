#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <numeric>

#include <host/detect/budget.hpp>
#include <host/detect/quota.hpp>

namespace flynn::detect {
namespace {

std::atomic<unsigned> process_limit{0};  ///< 0: none

}  // namespace

std::vector<int> allowed_cpus() {
  std::vector<int> cpus;
  // The kernel refuses a mask shorter than its own with EINVAL. A cpu_set_t holds 1024 CPUs; 2^20 is beyond any kernel.
  for (std::size_t sets = 1; sets <= 1024; sets *= 4) {
    std::vector<cpu_set_t> mask(sets);
    const std::size_t bytes = sets * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, mask.data()) != 0) {
      if (errno == EINVAL) continue;
      break;
    }
    for (std::size_t cpu = 0; cpu < sets * CPU_SETSIZE; ++cpu)
      if (CPU_ISSET_S(cpu, bytes, mask.data())) cpus.push_back(static_cast<int>(cpu));
    break;
  }
  if (cpus.empty()) {  // a sandbox may forbid the question
    cpus.resize(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    std::iota(cpus.begin(), cpus.end(), 0);
  }
  return cpus;
}

std::vector<int> allowed_cpus(const std::vector<int>& wanted) {
  std::vector<int> cpus = allowed_cpus();
  if (!wanted.empty()) std::erase_if(cpus, [&](int cpu) { return std::ranges::find(wanted, cpu) == wanted.end(); });
  return cpus;
}

unsigned budget(std::size_t allowed, std::optional<double> quota, unsigned request) {
  double most = static_cast<double>(allowed);
  if (quota) most = std::min(most, *quota);
  if (request > 0) most = std::min(most, static_cast<double>(request));
  return most < 1 ? 1 : static_cast<unsigned>(most);
}

unsigned budget(unsigned request, const std::vector<int>& cpus) {
  const std::size_t allowed = cpus.empty() ? allowed_cpus().size() : cpus.size();
  const unsigned limit = process_limit.load(std::memory_order_relaxed);
  return budget(limit > 0 ? std::min<std::size_t>(allowed, limit) : allowed, cpu_quota(), request);
}

void limit_budget(unsigned most) { process_limit.store(most, std::memory_order_relaxed); }

}  // namespace flynn::detect

#include <algorithm>
#include <sstream>

#include <host/detect/cgroup.hpp>
#include <host/detect/quota.hpp>

namespace flynn::detect {
namespace {

/// The quota of one group alone.
std::optional<double> group_quota(const ControlGroup& group) {
  std::string quota, period, rest;
  std::istringstream words(group.v2 ? first_line(group.folder + "/cpu.max")
                                    : first_line(group.folder + "/cpu.cfs_quota_us") + " " +
                                          first_line(group.folder + "/cpu.cfs_period_us"));
  if (!(words >> quota >> period) || words >> rest) return {};
  const auto time = positive(quota), per = positive(period);
  if (!time || !per) return {};
  return *time / *per;
}

}  // namespace

std::optional<double> cpu_quota(const std::string& root) {
  std::optional<double> least;
  for (const ControlGroup& group : own_groups(root, "cpu"))
    if (const auto quota = group_quota(group)) least = std::min(least.value_or(*quota), *quota);
  return least;
}

}  // namespace flynn::detect

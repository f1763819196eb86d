#include <algorithm>
#include <fstream>
#include <optional>

#include <host/detect/cgroup.hpp>
#include <host/detect/memory.hpp>

namespace flynn::detect {
namespace {

std::optional<double> machine_memory(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  std::string word, kib;
  while (file >> word)
    if (word == "MemAvailable:" && file >> kib)
      if (const auto value = positive(kib)) return *value * 1024;
  return {};
}

/// What one group leaves. Its page cache counts as used, so this is rather too little.
std::optional<double> left_in(const ControlGroup& group) {
  const auto limit = positive(first_line(group.folder + (group.v2 ? "/memory.max" : "/memory.limit_in_bytes")));
  const auto used = positive(first_line(group.folder + (group.v2 ? "/memory.current" : "/memory.usage_in_bytes")));
  if (!limit || !used) return {};
  return std::max(*limit - *used, 0.0);
}

}  // namespace

std::uint64_t available_memory(const std::string& root) {
  double least = 9e18;
  if (const auto bytes = machine_memory(root)) least = std::min(least, *bytes);
  for (const ControlGroup& group : own_groups(root, "memory"))
    if (const auto bytes = left_in(group)) least = std::min(least, *bytes);
  return std::uint64_t(least);
}

}  // namespace flynn::detect

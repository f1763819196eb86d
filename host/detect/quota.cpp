#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include <host/detect/quota.hpp>

namespace flynn::detect {
namespace {

/// A mounted tree of control groups that can limit CPU time.
struct Mount {
  bool v2;
  std::string root;   ///< the group that the mount point shows
  std::string point;  ///< where it is mounted
};

bool has_word(std::string_view list, std::string_view word) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (list.substr(0, comma) == word) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

/// Undoes mountinfo's escapes: a space is written \040.
std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* digits = text.data() + i + 1;
    const bool escaped =
        text[i] == '\\' && i + 3 < text.size() && std::from_chars(digits, digits + 3, byte, 8).ptr == digits + 3;
    result += escaped ? static_cast<char>(byte) : text[i];
    if (escaped) i += 3;
  }
  return result;
}

/// A line of mountinfo is "id parent device root point options [tags...] - type source super_options" (proc(5)).
std::optional<Mount> parse_mount(const std::string& line) {
  std::istringstream words(line);
  std::string word, root, point, type, source, options;
  if (!(words >> word >> word >> word >> root >> point)) return {};
  while (words >> word && word != "-") continue;
  words >> type >> source >> options;
  if (type != "cgroup2" && !(type == "cgroup" && has_word(options, "cpu"))) return {};
  return Mount{type == "cgroup2", unescape(root), unescape(point)};
}

/// The group of this process in one hierarchy, as /proc/self/cgroup ("id:controllers:path") names it.
std::optional<std::string> own_group(const std::string& root, bool v2) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : has_word(controllers, "cpu")) return line.substr(second + 1);
  }
  return {};
}

/// Where this process's group lies below the mount point: "" or "/a/b". Empty when the mount does not show it.
std::optional<std::string> below(const Mount& mount, const std::string& group) {
  // Groups outside the namespace of this process are written with "..". A mount of one of them is above us, so its own
  // quota holds; a process that is itself outside has no path that we could follow.
  if (mount.root.starts_with("/..")) return "";
  if (group.starts_with("/..")) return {};
  const std::string top = mount.root == "/" ? "" : mount.root;
  if (!group.starts_with(top) || (group.size() > top.size() && group[top.size()] != '/')) return {};
  return group == "/" ? "" : group.substr(top.size());
}

/// A positive whole number and nothing else, or nothing.
std::optional<double> positive(const std::string& word) {
  long long value = 0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value);
  if (error != std::errc{} || stop != end || value <= 0) return {};
  return static_cast<double>(value);
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The quota of one group alone.
std::optional<double> group_quota(const std::string& directory, bool v2) {
  std::string quota, period, rest;
  std::istringstream words(v2 ? first_line(directory + "/cpu.max")
                              : first_line(directory + "/cpu.cfs_quota_us") + " " +
                                    first_line(directory + "/cpu.cfs_period_us"));
  if (!(words >> quota >> period) || words >> rest) return {};
  const auto time = positive(quota), per = positive(period);  // "max" and -1 are no numbers here: no limit
  if (!time || !per) return {};
  return *time / *per;
}

}  // namespace

std::optional<double> cpu_quota(const std::string& root) {
  std::optional<double> least;
  std::ifstream mounts(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const auto mount = parse_mount(line);
    if (!mount) continue;
    const auto group = own_group(root, mount->v2);
    auto path = group ? below(*mount, *group) : std::nullopt;
    while (path) {
      if (const auto quota = group_quota(root + mount->point + *path, mount->v2))
        least = std::min(least.value_or(*quota), *quota);
      if (path->empty()) break;
      path->resize(path->rfind('/'));
    }
  }
  return least;
}

}  // namespace flynn::detect

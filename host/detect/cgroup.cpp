#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

#include <host/detect/cgroup.hpp>

namespace flynn::detect {
namespace {

/// A mounted tree of control groups.
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
std::optional<Mount> parse_mount(const std::string& line, std::string_view controller) {
  std::istringstream words(line);
  std::string word, root, point, type, source, options;
  if (!(words >> word >> word >> word >> root >> point)) return {};
  while (words >> word && word != "-") continue;
  words >> type >> source >> options;
  if (type != "cgroup2" && !(type == "cgroup" && has_word(options, controller))) return {};
  return Mount{type == "cgroup2", unescape(root), unescape(point)};
}

/// The group of this process in one hierarchy, as /proc/self/cgroup ("id:controllers:path") names it.
std::optional<std::string> own_group(const std::string& root, bool v2, std::string_view controller) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : has_word(controllers, controller)) return line.substr(second + 1);
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

}  // namespace

std::vector<ControlGroup> own_groups(const std::string& root, std::string_view controller) {
  std::vector<ControlGroup> groups;
  std::ifstream mounts(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const auto mount = parse_mount(line, controller);
    if (!mount) continue;
    const auto group = own_group(root, mount->v2, controller);
    auto path = group ? below(*mount, *group) : std::nullopt;
    while (path) {
      groups.push_back({root + mount->point + *path, mount->v2});
      if (path->empty()) break;
      path->resize(path->rfind('/'));
    }
  }
  return groups;
}

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

}  // namespace flynn::detect

#include <algorithm>
#include <charconv>
#include <fstream>

#include <host/detect/nodes.hpp>

namespace flynn::detect {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The nodes that this process may take memory from, as its control group says.
std::vector<int> allowed_memory(const std::string& root) {
  constexpr std::string_view key = "Mems_allowed_list:";
  std::ifstream file(root + "/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key)) return parse_list(line.substr(line.find_first_not_of(" \t", key.size())));
  return {};
}

}  // namespace

std::vector<int> parse_list(const std::string& list) {
  constexpr int beyond_any_kernel = 1 << 20;
  std::vector<int> numbers;
  const char *at = list.data(), *const end = at + list.size();
  while (at < end) {
    int first = 0;
    const auto begin = std::from_chars(at, end, first);
    if (begin.ec != std::errc{} || first < 0) break;
    int last = first;
    at = begin.ptr;
    if (at < end && *at == '-') {
      const auto stop = std::from_chars(at + 1, end, last);
      if (stop.ec != std::errc{}) break;
      at = stop.ptr;
    }
    if (last < first || last > beyond_any_kernel) break;
    for (int i = first; i <= last; ++i) numbers.push_back(i);
    if (at == end || *at != ',') break;
    ++at;
  }
  return numbers;
}

std::vector<Node> read_nodes(const std::string& root) {
  const std::string folder = root + "/sys/devices/system/node/";
  const std::vector<int> online = parse_list(first_line(folder + "online"));
  if (online.size() < 2) return {};
  const std::vector<int> with_memory = parse_list(first_line(folder + "has_memory")), allowed = allowed_memory(root);
  auto contains = [](const std::vector<int>& list, int id) { return std::ranges::binary_search(list, id); };
  std::vector<Node> nodes;
  for (int id : online)
    nodes.push_back({.id = id,
                     .cpus = parse_list(first_line(folder + "node" + std::to_string(id) + "/cpulist")),
                     .has_memory = contains(with_memory, id) && contains(allowed, id)});
  return nodes;
}

const std::vector<Node>& nodes() {
  static const std::vector<Node> read = read_nodes();
  return read;
}

}  // namespace flynn::detect

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <bench/format.hpp>
#include <bench/topology_text.hpp>

namespace flynn::bench {
namespace {

enum class Kind { package, node, cache, core, device };

struct Item {
  Kind kind;
  std::string name;
  std::string like;  // items that are alike agree in this, and a line for many of them says it
  std::vector<int> cpus;
  std::vector<Item> children = {};
};

Item item(Kind kind, std::string name, const std::vector<int>& cpus) { return {kind, name, name, cpus}; }

std::string size(std::uint64_t bytes) { return bytes_text(double(bytes)); }

Item device_item(const Topology::Device& device) {
  std::string name = device.kind;
  if (!device.pci_address.empty()) name += " " + device.pci_address;
  if (!device.name.empty()) name += " " + device.name;
  if (!device.system_names.empty()) name += fmt::format(" ({})", fmt::join(device.system_names, ", "));
  return item(Kind::device, name, {});
}

/// With the devices that are nearest to this node alone.
Item node_item(const Topology& topology, const Topology::Node& node) {
  const std::string memory = node.memory_bytes ? ", " + size(node.memory_bytes) : "";
  Item result = item(Kind::node, fmt::format("node {}{}", node.id, memory), node.cpus);
  // Nodes that were sold alike differ by what the kernel and the firmware keep for themselves.
  if (node.memory_bytes)
    result.like =
        fmt::format("node, about {:.0f} GiB", std::exp2(std::round(8 * std::log2(double(node.memory_bytes))) / 8 - 30));
  for (const auto& device : topology.devices)
    if (device.nodes == std::vector{node.id}) result.children.push_back(device_item(device));
  return result;
}

/// Caches of its own are told with the core.
Item core_item(const Topology& topology, const Topology::Core& core) {
  std::string name = core.cpus.size() > 1 ? fmt::format("core of {} CPUs", core.cpus.size()) : "core";
  for (const auto& cache : topology.caches)
    if (cache.cpus == core.cpus) name += fmt::format(", L{} {}", cache.level, size(cache.bytes));
  return item(Kind::core, name, core.cpus);
}

/// All that has CPUs, what contains others before them.
std::vector<Item> containers(const Topology& topology) {
  std::vector<Item> all;
  for (const auto& package : topology.packages)
    all.push_back({Kind::package, fmt::format("package {}", all.size()), "package", package.cpus});
  for (const auto& node : topology.nodes) all.push_back(node_item(topology, node));
  for (const auto& cache : topology.caches)
    if (std::ranges::find(topology.cores, cache.cpus, &Topology::Core::cpus) == topology.cores.end())
      all.push_back(item(Kind::cache, fmt::format("L{} {}", cache.level, size(cache.bytes)), cache.cpus));
  for (const auto& core : topology.cores) all.push_back(core_item(topology, core));
  std::ranges::stable_sort(all, [](const Item& a, const Item& b) { return a.cpus.size() > b.cpus.size(); });
  return all;
}

/// Puts an item into the innermost one that has all its CPUs.
void insert(std::vector<Item>& siblings, Item item) {
  for (Item& outer : siblings)
    if (!item.cpus.empty() && !outer.cpus.empty() && std::ranges::includes(outer.cpus, item.cpus))
      return insert(outer.children, std::move(item));
  siblings.push_back(std::move(item));
}

bool is_alike(const Item& a, const Item& b) {
  return a.like == b.like && a.cpus.size() == b.cpus.size() && std::ranges::equal(a.children, b.children, is_alike);
}

/// Packages and nodes have names that people know; they are only folded when they would fill the screen.
bool may_fold(const Item& item, std::size_t siblings) {
  return siblings > 8 || item.kind == Kind::cache || item.kind == Kind::core;
}

/// @param is_each these stand for others that are alike, so their CPUs and numbers would mislead
void draw(const std::vector<Item>& siblings, int depth, bool is_each, std::vector<std::string>& lines) {
  for (std::size_t i = 0, next = 0; i < siblings.size(); i = next) {
    const Item& first = siblings[i];
    std::vector<int> cpus;
    for (; next < siblings.size(); ++next) {
      const bool fold = is_each || may_fold(first, siblings.size());
      if (next > i && !(fold && is_alike(first, siblings[next]))) break;
      cpus.insert(cpus.end(), siblings[next].cpus.begin(), siblings[next].cpus.end());
    }
    std::ranges::sort(cpus);
    const std::size_t count = next - i;
    const std::string times = count > 1 ? fmt::format("{} x ", count) : "";
    const std::string list =
        cpus.empty() || is_each ? "" : fmt::format(": CPU{} {}", cpus.size() > 1 ? "s" : "", list_text(cpus));
    lines.push_back(
        fmt::format("{:{}}{}{}{}", "", 2 * depth, times, count > 1 || is_each ? first.like : first.name, list));
    draw(first.children, depth + 1, is_each || count > 1, lines);
  }
}

}  // namespace

std::string list_text(const std::vector<int>& numbers) {
  std::string text;
  for (std::size_t i = 0, last = 0; i < numbers.size(); i = last + 1) {
    for (last = i; last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1;) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ",", numbers[i]);
    if (last > i) text += fmt::format("-{}", numbers[last]);
  }
  return text;
}

std::vector<std::string> tree_text(const Topology& topology) {
  std::vector<Item> roots;
  for (Item& item : containers(topology)) insert(roots, std::move(item));
  for (const auto& device : topology.devices)
    if (device.nodes.size() != 1) roots.push_back(device_item(device));
  std::vector<std::string> lines;
  draw(roots, 0, false, lines);
  return lines;
}

std::vector<std::string> distance_text(const Topology& topology) {
  const auto& nodes = topology.nodes;
  if (nodes.size() < 2 || nodes[0].distance.size() != nodes.size()) return {};
  if (nodes.size() > 8) {
    unsigned least = ~0u, most = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i)
      for (std::size_t j = 0; j < nodes.size(); ++j)
        if (i != j) least = std::min(least, nodes[i].distance[j]), most = std::max(most, nodes[i].distance[j]);
    return {fmt::format("distance of a node: {} to itself, {} to {} to others", nodes[0].distance[0], least, most)};
  }
  std::vector<std::string> lines = {"distance"};
  for (const auto& node : nodes) lines[0] += fmt::format("{:>5}", node.id);
  for (const auto& node : nodes) {
    lines.push_back(fmt::format("{:>8}", node.id));
    for (unsigned distance : node.distance) lines.back() += fmt::format("{:>5}", distance);
  }
  return lines;
}

}  // namespace flynn::bench

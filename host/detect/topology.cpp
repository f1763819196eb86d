#include <algorithm>
#include <iterator>

#include <host/detect/budget.hpp>
#include <host/detect/topology.hpp>

namespace flynn {
namespace detect {

Topology flat_topology(const std::vector<Node>& nodes, const std::vector<int>& cpus) {
  Topology flat{.source = nodes.empty() ? "none" : "sysfs"};
  for (const Node& node : nodes) {
    Topology::Node own{.id = node.id};
    std::ranges::set_intersection(node.cpus, cpus, std::back_inserter(own.cpus));
    if (node.has_memory || !own.cpus.empty()) flat.nodes.push_back(own);
  }
  if (flat.nodes.empty()) flat.nodes.push_back({.cpus = cpus});
  return flat;
}

Topology read_topology(const TopologySource& source) {
  Topology topology;
  if (read_hwloc(source, topology)) return topology;
  return flat_topology(nodes(), source.cpus.empty() ? allowed_cpus() : source.cpus);
}

}  // namespace detect

const Topology& topology() {
  static const Topology read = detect::read_topology();
  return read;
}

}  // namespace flynn

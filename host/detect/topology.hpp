#pragma once
#include <string>
#include <vector>

#include <flynn/topology.hpp>
#include <host/detect/nodes.hpp>

namespace flynn::detect {

/// Whose topology is read. By default this machine's, or the one that HWLOC_SYNTHETIC, HWLOC_XMLFILE or HWLOC_FSROOT
/// puts in its place.
struct TopologySource {
  std::string synthetic = {};  ///< a description as of hwloc(7): "numa:2 core:4 pu:2"
  std::string xml = {};        ///< the text of an export of hwloc
  std::vector<int> cpus = {};  ///< only these count; empty: those allowed to this process, or all of another machine
};

/// Never fails: what hwloc cannot read is taken from the kernel's list of nodes, and where there is none, it is flat.
Topology read_topology(const TopologySource& source = {});

/// As hwloc tells it; false when it cannot, or when flynn was built without it.
bool read_hwloc(const TopologySource& source, Topology& topology);

/// Nodes and CPUs alone. `nodes` may be empty.
Topology flat_topology(const std::vector<Node>& nodes, const std::vector<int>& cpus);

}  // namespace flynn::detect

// What is linked where hwloc is not.

#include <host/detect/topology.hpp>

namespace flynn::detect {

bool read_hwloc(const TopologySource&, Topology&) { return false; }

}  // namespace flynn::detect

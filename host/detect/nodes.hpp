#pragma once
#include <string>
#include <vector>

namespace flynn::detect {

/// A NUMA node as the kernel shows it.
struct Node {
  int id = 0;
  std::vector<int> cpus;    ///< all of them, in rising order
  bool has_memory = false;  ///< of which this process may take some
  bool operator==(const Node&) const = default;
};

/// The nodes of the machine; empty when there is one only, or none is shown. A machine with one costs one read of a
/// small file; hwloc, which knows much more, would cost milliseconds (docs/adr/0011-topology.md).
///
/// `root` is where /proc and /sys are looked up, so that a directory of files can stand for another machine.
std::vector<Node> read_nodes(const std::string& root = "/");

/// Those of this machine, read once.
const std::vector<Node>& nodes();

/// The numbers of "0-3,8"; what is no such list gives what could be read of it.
std::vector<int> parse_list(const std::string& list);

}  // namespace flynn::detect

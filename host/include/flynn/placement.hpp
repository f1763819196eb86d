#pragma once
#include <cstdint>

namespace flynn {

/// On which NUMA nodes the pages of a Buffer are to lie. A wish: on a machine with one node, below 2 MiB and where the
/// system refuses it, memory is placed as with `local`.
enum class Placement : std::uint8_t {
  local,       ///< each page on the node of the thread that touches it first, or as the process's policy says
  interleave,  ///< page by page over all nodes that have threads: for what every thread reads
  by_part,     ///< consecutive shares on the nodes whose threads take them: for what is cut into parts
};

}  // namespace flynn

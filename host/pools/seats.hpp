#pragma once
#include <vector>

namespace flynn {

/// Where a thread of a pool sits.
struct Seat {
  int cpu = -1;  ///< -1: on none in particular
  int node = 0;  ///< the NUMA node of that CPU
  bool operator==(const Seat&) const = default;
};

/// Seats for `threads` threads on the given CPUs, sorted by node and then by CPU, so that the seats of a node are
/// consecutive. With fewer threads than CPUs the nodes get as many each as they can: memory is as fast as the number of
/// nodes that read it. `here`, the CPU of the caller, is among them if it is one of the CPUs. Threads beyond the CPUs
/// sit on none.
/// @param nodes the node of each CPU; empty: there is one
std::vector<Seat> choose_seats(unsigned threads, const std::vector<int>& cpus, const std::vector<int>& nodes, int here);

/// The node of each of these CPUs; empty when all are on one.
std::vector<int> nodes_of(const std::vector<int>& cpus);

}  // namespace flynn

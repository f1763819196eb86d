#pragma once
#include <string>
#include <vector>

#include <flynn/topology.hpp>

namespace flynn::bench {

/// CPUs as the kernel writes lists: "0-3,8".
std::string list_text(const std::vector<int>& numbers);

/// The machine as an indented tree, one line per thing; neighbours that are alike share a line, "8 x L3 32 MiB". Below
/// such a line stands what is in each of them.
std::vector<std::string> tree_text(const Topology& topology);

/// The distances between nodes: a table up to 8 of them, else one line. Nothing when they are unknown.
std::vector<std::string> distance_text(const Topology& topology);

}  // namespace flynn::bench

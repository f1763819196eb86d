#pragma once
#include <string>
#include <vector>

#include <bench/selection.hpp>

namespace flynn::bench {

/// A few groups under one heading.
struct Sight {
  std::string title;
  std::vector<Group> groups;
};

/// Every family, every element type, in caches and in memory, within 60 s on two cores.
std::vector<Sight> tour(const Backends& backends);

/// What a figure of the tour is measured by: so that all that are left fit in the time that is left of 40 s.
Rules tour_rules(const Rules& rules, double elapsed_seconds, std::size_t figures_left);

}  // namespace flynn::bench

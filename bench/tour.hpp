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

/// What the figures of the tour are measured by: less time each than a selected run takes.
Rules tour_rules(const Rules& rules);

}  // namespace flynn::bench

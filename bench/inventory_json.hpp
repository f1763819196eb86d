#pragma once
#include <string>

#include <flynn/inventory.hpp>

namespace flynn::bench {

/// What decisions depend on, of a document that `compute_bench info --json` wrote. Throws Failure.
Inventory inventory_of(const std::string& text);

/// The same of a file.
Inventory read_inventory(const std::string& path);

}  // namespace flynn::bench

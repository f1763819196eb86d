#pragma once
#include <cstddef>
#include <optional>
#include <vector>

namespace flynn::detect {

/// The CPUs that this thread may run on, in rising order; never empty. Machines with more than 1024 CPUs are read
/// whole.
std::vector<int> allowed_cpus();

/// min(allowed, quota, request) and at least 1. A quota is rounded down: one thread more than it pays for would be
/// stopped in the middle of a part, for up to a period of 100 ms, and the whole call would wait for it.
/// @param quota CPUs' worth of time, or empty for no limit
/// @param request how many threads the user asked for; 0: as many as there may be
unsigned budget(std::size_t allowed, std::optional<double> quota, unsigned request);

/// The same for this process on this machine, as it stands now.
unsigned budget(unsigned request = 0);

}  // namespace flynn::detect

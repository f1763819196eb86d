#pragma once
#include <cstddef>
#include <optional>
#include <vector>

namespace flynn::detect {

/// The CPUs that this thread may run on, in rising order; never empty. Machines with more than 1024 CPUs are read
/// whole.
std::vector<int> allowed_cpus();

/// Those of them that are in `wanted`; all for an empty list.
std::vector<int> allowed_cpus(const std::vector<int>& wanted);

/// min(allowed, quota, request) and at least 1. A quota is rounded down: one thread more than it pays for would be
/// stopped in the middle of a part, for up to a period of 100 ms, and the whole call would wait for it.
/// @param quota CPUs' worth of time, or empty for no limit
/// @param request how many threads the user asked for; 0: as many as there may be
unsigned budget(std::size_t allowed, std::optional<double> quota, unsigned request);

/// The same for this process on this machine, as it stands now; on `cpus` of it, when that is not empty.
unsigned budget(unsigned request = 0, const std::vector<int>& cpus = {});

/// From now on this process may keep at most so many CPUs busy: it is one of several that share those of their parent.
void limit_budget(unsigned most);

}  // namespace flynn::detect

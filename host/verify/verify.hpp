#pragma once
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include <flynn/status.hpp>

namespace flynn {

/// One of the backends that do the same work.
struct Witness {
  std::string_view name;
  std::function<Status(const void* spec)> run;
};

/// Has the first witness run `spec`, of AllSpecs[index], and each other one a copy of it, and compares their results
/// under the workload's rule (agreement.hpp). Ok when all agree; else `disagreement`, with the witnesses, the place and
/// the values in `text`. The failure of a witness is the call's. The data must be in host memory.
///
/// Takes memory for each further witness: what the workload writes, and inputs that lie in the same place. Throws
/// std::bad_alloc.
Status verify(std::size_t index, const void* spec, std::span<const Witness> witnesses, Text& text);

}  // namespace flynn

#pragma once
#include <algorithm>

#include <kernels/kernels.hpp>

namespace flynn::kernels {

/// Launches `entry(begin, end, arguments...)` with a work-item for each of n elements, in slices that take the device
/// at most about 10 ms. Nothing is launched for n = 0.
template <class Queue, class... Arguments>
void map(Queue& queue, const Entry& entry, std::size_t n, const Arguments&... arguments) {
  const std::size_t group = queue.map_group(), slice = queue.slice();
  for (std::size_t begin = 0; begin < n; begin += slice) {
    const std::size_t end = std::min(n, begin + slice);
    queue.launch(entry, ceil_div(end - begin, group), group, begin, end, arguments...);
  }
}

}  // namespace flynn::kernels

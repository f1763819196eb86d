#pragma once
#include <algorithm>
#include <utility>

#include <flynn/tree.hpp>
#include <kernels/kernels.hpp>

namespace flynn::kernels {

/// The tree over n terms: `entry(begin, end, inputs..., blocks)` makes the results of the blocks, k_combine those of
/// 1024 neighbours until one is left. O(log n) launches.
template <class S, class Queue, class... Inputs>
void tree(Queue& queue, const Entry& entry, std::size_t n, S& result, const Inputs&... inputs) {
  if (n == 0) {
    result = S(0);
    return;
  }
  std::size_t count = ceil_div(n, tree_block);
  auto blocks = queue.template scratch<S>(count), combined = queue.template scratch<S>(ceil_div(count, tree_block));
  const std::size_t slice = queue.slice(), group = queue.is_cpu() ? 16 : 256;
  const std::size_t group_elements = group / (queue.is_cpu() ? 1 : tree_lanes) * tree_block;
  for (std::size_t begin = 0; begin < n; begin += slice) {
    const std::size_t end = std::min(n, begin + slice);
    queue.launch(entry, ceil_div(end - begin, group_elements), group, begin, end, inputs..., blocks);
  }
  for (; count > 1; count = ceil_div(count, tree_block)) {
    queue.launch({entry.text, "k_combine", entry.type}, ceil_div(count, tree_block), group, count, blocks, combined);
    std::swap(blocks, combined);
  }
  queue.read(blocks, &result, 1);
}

}  // namespace flynn::kernels

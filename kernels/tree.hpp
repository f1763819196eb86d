#pragma once
#include <algorithm>
#include <utility>

#include <flynn/tree.hpp>
#include <kernels/kernels.hpp>

namespace flynn::kernels {

/// blocks[b] = the result of block b, made by `entry(begin, end, inputs..., blocks)`.
template <class Queue, class Blocks, class... Inputs>
void tree_blocks(Queue& queue, const Entry& entry, std::size_t n, const Blocks& blocks, const Inputs&... inputs) {
  const std::size_t slice = queue.slice(), group = queue.is_cpu() ? 16 : 256;
  const std::size_t group_elements = group / (queue.is_cpu() ? 1 : tree_lanes) * tree_block;
  for (std::size_t begin = 0; begin < n; begin += slice) {
    const std::size_t end = std::min(n, begin + slice);
    queue.launch(entry, ceil_div(end - begin, group_elements), group, begin, end, inputs..., blocks);
  }
}

/// The tree over n terms: the results of the blocks, then by k_combine those of 1024 neighbours until one is left.
/// O(log n) launches.
template <class S, class Queue, class... Inputs>
void tree(Queue& queue, const Entry& entry, std::size_t n, S& result, const Inputs&... inputs) {
  if (n == 0) {
    result = S(0);
    return;
  }
  std::size_t count = ceil_div(n, tree_block);
  auto blocks = queue.template scratch<S>(count), combined = queue.template scratch<S>(ceil_div(count, tree_block));
  tree_blocks(queue, entry, n, blocks, inputs...);
  for (; count > 1; count = ceil_div(count, tree_block)) {
    queue.launch({entry.text, "k_combine", entry.type}, ceil_div(count, tree_block), queue.is_cpu() ? 16 : 256, count, blocks,
                 combined);
    std::swap(blocks, combined);
  }
  queue.read(blocks, &result, 1);
}

}  // namespace flynn::kernels

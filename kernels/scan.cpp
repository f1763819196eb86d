#include <kernels/tree.hpp>

namespace flynn::kernels {

/// The sums of the blocks, the levels of the tree over them, and then every block for itself: reads x twice.
template <class Queue, class T>
void scan(Queue& queue, const Scan<T>& w) {
  const std::size_t n = w.x.size(), blocks = ceil_div(n, tree_block), slice = queue.slice();
  if (n == 0) return;
  const auto x = queue.buffer(w.x), y = queue.buffer(w.y);
  std::size_t nodes = 0;
  for (std::size_t count = blocks; count > 0; count /= 2) nodes += count;
  const auto sums = queue.template scratch<SumOf<T>>(nodes);
  tree_blocks(queue, entry<T>("scan", "k_scan_sums"), n, sums, x);
  const std::size_t group = queue.map_group();
  for (std::size_t count = blocks, level = 0; count > 1; level += count, count /= 2)
    queue.launch(entry<T>("scan", "k_scan_pairs"), ceil_div(count / 2, group), group, count / 2, level, level + count, sums);
  const std::size_t scan_group = queue.is_cpu() ? 16 : tree_block / scan_row;
  const std::size_t group_elements = (queue.is_cpu() ? scan_group : 1) * tree_block;
  for (std::size_t begin = 0; begin < n; begin += slice) {
    const std::size_t end = std::min(n, begin + slice);
    queue.launch(entry<T>("scan", "k_scan"), ceil_div(end - begin, group_elements), scan_group, begin, end, x, y, w.init,
                 std::uint32_t(w.exclusive), blocks, sums);
  }
}

template void scan(FLYNN_DEVICE::Queue&, const Scan<float>&);
template void scan(FLYNN_DEVICE::Queue&, const Scan<double>&);
template void scan(FLYNN_DEVICE::Queue&, const Scan<std::int32_t>&);
template void scan(FLYNN_DEVICE::Queue&, const Scan<std::uint32_t>&);
template void scan(FLYNN_DEVICE::Queue&, const Scan<std::int64_t>&);
template void scan(FLYNN_DEVICE::Queue&, const Scan<std::uint64_t>&);

}  // namespace flynn::kernels

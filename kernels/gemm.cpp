#include <algorithm>

#include <kernels/kernels.hpp>

namespace flynn::kernels {
namespace {

// As in gemm.kernel.
constexpr std::size_t tile_rows = 64, tile_columns = 128, group_items = 256, longest_sum = 65536;

/// How far it is from one row of op(X) to the next, and from one column.
template <class View>
std::pair<std::size_t, std::size_t> strides(const View& x, Op op) {
  return op == Op::none ? std::pair(x.stride[0], std::size_t{1}) : std::pair(std::size_t{1}, x.stride[0]);
}

}  // namespace

template <class Queue, class T>
void gemm(Queue& queue, const Gemm<T>& w) {
  if (w.c.size() == 0) return;
  const bool product = w.reads_ab();
  const auto a = queue.buffer(product ? w.a : In<T, 2>()), b = queue.buffer(product ? w.b : In<T, 2>());
  const auto c = queue.buffer(w.c, w.beta == T(0) ? Access::write : Access::read_write);
  if constexpr (requires { queue.vendor_gemm(w, a, b, c); })  // of the vendor, where there is one
    if (product && queue.vendor_gemm(w, a, b, c)) return;
  const auto [a_row, a_column] = strides(w.a, w.op_a);
  const auto [b_row, b_column] = strides(w.b, w.op_b);
  const T alpha = product ? w.alpha : T(0);
  const std::size_t k = product ? w.k() : 0, tiles = ceil_div(w.m(), tile_rows) * ceil_div(w.n(), tile_columns);
  std::size_t begin = 0;
  do {
    const std::size_t end = std::min(k, begin + longest_sum);
    const T beta = begin == 0 ? w.beta : T(1);
    // About 10 ms: a device adds 8 terms in the time in which it copies an element.
    const std::size_t terms = tile_rows * tile_columns * std::max<std::size_t>(end - begin, 1);
    const std::size_t slice = std::max<std::size_t>(8 * queue.slice() / terms, 1);
    for (std::size_t first = 0; first < tiles; first += slice)
      queue.launch(entry<T>("gemm", "k_gemm"), std::min(slice, tiles - first), group_items, first, w.m(), w.n(), begin,
                   end, alpha, a, a_row, a_column, b, b_row, b_column, beta, c, w.c.stride[0]);
    begin = end;
  } while (begin < k);
}

template void gemm(FLYNN_DEVICE::Queue&, const Gemm<float>&);
template void gemm(FLYNN_DEVICE::Queue&, const Gemm<double>&);

}  // namespace flynn::kernels

#include <kernels/tree.hpp>

namespace flynn::kernels {

template <class Queue, class T>
void sum(Queue& queue, const Sum<T>& w) {
  tree(queue, entry<T>("sum", "k_sum"), w.x.size(), w.result[0], queue.buffer(w.x));
}

template void sum(FLYNN_DEVICE::Queue&, const Sum<float>&);
template void sum(FLYNN_DEVICE::Queue&, const Sum<double>&);
template void sum(FLYNN_DEVICE::Queue&, const Sum<std::int32_t>&);
template void sum(FLYNN_DEVICE::Queue&, const Sum<std::uint32_t>&);
template void sum(FLYNN_DEVICE::Queue&, const Sum<std::int64_t>&);
template void sum(FLYNN_DEVICE::Queue&, const Sum<std::uint64_t>&);

}  // namespace flynn::kernels

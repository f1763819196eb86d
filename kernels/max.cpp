#include <kernels/extremum.hpp>

namespace flynn::kernels {

template <class Queue, class T>
void max(Queue& queue, const Max<T>& w) {
  w.result[0] = extremum<false>(queue, entry<T>("max", "k_max"), w.x).value;
}

template void max(FLYNN_DEVICE::Queue&, const Max<float>&);
template void max(FLYNN_DEVICE::Queue&, const Max<double>&);
template void max(FLYNN_DEVICE::Queue&, const Max<std::int32_t>&);
template void max(FLYNN_DEVICE::Queue&, const Max<std::uint32_t>&);
template void max(FLYNN_DEVICE::Queue&, const Max<std::int64_t>&);
template void max(FLYNN_DEVICE::Queue&, const Max<std::uint64_t>&);

}  // namespace flynn::kernels

#include <kernels/extremum.hpp>

namespace flynn::kernels {

template <class Queue, class T>
void min(Queue& queue, const Min<T>& w) {
  w.result[0] = extremum<true>(queue, entry<T>("min", "k_min"), w.x).value;
}

template void min(FLYNN_DEVICE::Queue&, const Min<float>&);
template void min(FLYNN_DEVICE::Queue&, const Min<double>&);
template void min(FLYNN_DEVICE::Queue&, const Min<std::int32_t>&);
template void min(FLYNN_DEVICE::Queue&, const Min<std::uint32_t>&);
template void min(FLYNN_DEVICE::Queue&, const Min<std::int64_t>&);
template void min(FLYNN_DEVICE::Queue&, const Min<std::uint64_t>&);

}  // namespace flynn::kernels

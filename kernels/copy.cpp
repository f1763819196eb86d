#include <kernels/map.hpp>

namespace flynn::kernels {

template <class Queue, class T>
void copy(Queue& queue, const Copy<T>& w) {
  map(queue, entry<T>("copy", "k_copy"), w.y.size(), queue.buffer(w.x), queue.buffer(w.y));
}

template void copy(FLYNN_DEVICE::Queue&, const Copy<float>&);
template void copy(FLYNN_DEVICE::Queue&, const Copy<double>&);

}  // namespace flynn::kernels

#include <kernels/map.hpp>

namespace flynn::kernels {

template <class Queue, class T>
void axpy(Queue& queue, const Axpy<T>& w) {
  map(queue, entry<T>("axpy", "k_axpy"), w.y.size(), w.a, queue.buffer(w.x), queue.buffer(w.y));
}

template void axpy(FLYNN_DEVICE::Queue&, const Axpy<float>&);
template void axpy(FLYNN_DEVICE::Queue&, const Axpy<double>&);

}  // namespace flynn::kernels

#include <kernels/map.hpp>

namespace flynn::kernels {

template <class Queue, class T>
void triad(Queue& queue, const Triad<T>& w) {
  map(queue, entry<T>("triad", "k_triad"), w.z.size(), w.a, queue.buffer(w.x), queue.buffer(w.y), queue.buffer(w.z));
}

template void triad(FLYNN_DEVICE::Queue&, const Triad<float>&);
template void triad(FLYNN_DEVICE::Queue&, const Triad<double>&);

}  // namespace flynn::kernels

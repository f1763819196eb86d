#include <kernels/map.hpp>

namespace flynn::kernels {

template <class Queue, class T>
void mul(Queue& queue, const Mul<T>& w) {
  map(queue, entry<T>("mul", "k_mul"), w.y.size(), w.a, queue.buffer(w.x), queue.buffer(w.y));
}

template void mul(FLYNN_DEVICE::Queue&, const Mul<float>&);
template void mul(FLYNN_DEVICE::Queue&, const Mul<double>&);

}  // namespace flynn::kernels

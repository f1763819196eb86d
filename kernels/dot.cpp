#include <kernels/tree.hpp>

namespace flynn::kernels {

template <class Queue, class T>
void dot(Queue& queue, const Dot<T>& w) {
  tree(queue, entry<T>("dot", "k_dot"), w.x.size(), w.result[0], queue.buffer(w.x), queue.buffer(w.y));
}

template void dot(FLYNN_DEVICE::Queue&, const Dot<float>&);
template void dot(FLYNN_DEVICE::Queue&, const Dot<double>&);

}  // namespace flynn::kernels

#include <kernels/tree.hpp>

namespace flynn::kernels {

template <class Queue, class T>
void norm2(Queue& queue, const Norm2<T>& w) {
  tree(queue, entry<T>("norm2", "k_norm2"), w.x.size(), w.result[0], queue.buffer(w.x));
}

template void norm2(FLYNN_DEVICE::Queue&, const Norm2<float>&);
template void norm2(FLYNN_DEVICE::Queue&, const Norm2<double>&);

}  // namespace flynn::kernels

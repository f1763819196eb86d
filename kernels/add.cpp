#include <kernels/map.hpp>

namespace flynn::kernels {

template <class Queue, class T>
void add(Queue& queue, const Add<T>& w) {
  map(queue, entry<T>("add", "k_add"), w.z.size(), queue.buffer(w.x), queue.buffer(w.y), queue.buffer(w.z));
}

template void add(FLYNN_DEVICE::Queue&, const Add<float>&);
template void add(FLYNN_DEVICE::Queue&, const Add<double>&);

}  // namespace flynn::kernels

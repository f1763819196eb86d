#include <kernels/extremum.hpp>

namespace flynn::kernels {

template <class Queue, class T>
void argmax(Queue& queue, const Argmax<T>& w) {
  const Indexed<T> found = extremum<false>(queue, entry<T>("argmax", "k_argmax"), w.x);
  w.result[0] = {found.value, w.origin + found.index};
}

template void argmax(FLYNN_DEVICE::Queue&, const Argmax<float>&);
template void argmax(FLYNN_DEVICE::Queue&, const Argmax<double>&);

}  // namespace flynn::kernels

#include <kernels/extremum.hpp>

namespace flynn::kernels {

template <class Queue, class T>
void argmin(Queue& queue, const Argmin<T>& w) {
  const Indexed<T> found = extremum<true>(queue, entry<T>("argmin", "k_argmin"), w.x);
  w.result[0] = {found.value, w.origin + found.index};
}

template void argmin(FLYNN_DEVICE::Queue&, const Argmin<float>&);
template void argmin(FLYNN_DEVICE::Queue&, const Argmin<double>&);

}  // namespace flynn::kernels

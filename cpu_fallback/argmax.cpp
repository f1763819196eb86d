#include <cpu_fallback/extremum.hpp>
#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status argmax(const Argmax<T>& w, Execution& execution) {
  Indexed<T> found;
  const Status status = extremum<false>(w.x, execution, found);
  w.result[0] = {found.value, w.origin + found.index};
  return status;
}

template Status argmax(const Argmax<float>&, Execution&);
template Status argmax(const Argmax<double>&, Execution&);

}  // namespace flynn::scalar

#include <cpu_fallback/extremum.hpp>
#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status argmin(const Argmin<T>& w, Execution& execution) {
  Indexed<T> found;
  const Status status = extremum<true>(w.x, execution, found);
  w.result[0] = {found.value, w.origin + found.index};
  return status;
}

template Status argmin(const Argmin<float>&, Execution&);
template Status argmin(const Argmin<double>&, Execution&);

}  // namespace flynn::scalar

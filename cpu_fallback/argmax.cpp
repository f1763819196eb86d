#include <cpu_fallback/extremum.hpp>
#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status argmax(const Argmax<T>& w, Execution&) {
  const Indexed<T> found = extremum<false>(w.x);
  w.result[0] = {found.value, w.origin + found.index};
  return {};
}

template Status argmax(const Argmax<float>&, Execution&);
template Status argmax(const Argmax<double>&, Execution&);

}  // namespace flynn::scalar

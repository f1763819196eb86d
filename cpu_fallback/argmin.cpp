#include <cpu_fallback/extremum.hpp>
#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status argmin(const Argmin<T>& w, Execution&) {
  const Indexed<T> found = extremum<true>(w.x);
  w.result[0] = {found.value, w.origin + found.index};
  return {};
}

template Status argmin(const Argmin<float>&, Execution&);
template Status argmin(const Argmin<double>&, Execution&);

}  // namespace flynn::scalar

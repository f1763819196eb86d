#include <simd/extremum.hpp>
#include <simd/kernels.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status argmax(const Argmax<T>& w, Execution&) {
  const Indexed<T> found = first_extremum<Arch, false>(w.x.data, w.x.size());
  w.result[0] = {found.value, w.origin + found.index};
  return {};
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status argmax<Arch>(const Argmax<float>&, Execution&);
template Status argmax<Arch>(const Argmax<double>&, Execution&);

}  // namespace flynn::simd

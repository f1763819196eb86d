#include <simd/extremum.hpp>
#include <simd/kernels.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status argmin(const Argmin<T>& w, Execution&) {
  const Indexed<T> found = first_extremum<Arch, true>(w.x.data, w.x.size());
  w.result[0] = {found.value, w.origin + found.index};
  return {};
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status argmin<Arch>(const Argmin<float>&, Execution&);
template Status argmin<Arch>(const Argmin<double>&, Execution&);

}  // namespace flynn::simd

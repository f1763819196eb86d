#include <simd/extremum.hpp>
#include <simd/kernels.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status argmin(const Argmin<T>& w, Execution& execution) {
  const Status status = first_extremum<Arch, true>(w.x, execution, w.result[0]);
  w.result[0].index += w.origin;
  return status;
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status argmin<Arch>(const Argmin<float>&, Execution&);
template Status argmin<Arch>(const Argmin<double>&, Execution&);

}  // namespace flynn::simd

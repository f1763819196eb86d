#include <simd/extremum.hpp>
#include <simd/kernels.hpp>

namespace flynn::simd {

template <class Arch, class T>
Status argmax(const Argmax<T>& w, Execution& execution) {
  const Status status = first_extremum<Arch, false>(w.x, execution, w.result[0]);
  w.result[0].index += w.origin;
  return status;
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status argmax<Arch>(const Argmax<float>&, Execution&);
template Status argmax<Arch>(const Argmax<double>&, Execution&);

}  // namespace flynn::simd

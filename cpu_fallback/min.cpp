#include <cpu_fallback/extremum.hpp>
#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status min(const Min<T>& w, Execution& execution) {
  Indexed<T> found;
  const Status status = extremum<true>(w.x, execution, found);
  w.result[0] = found.value;
  return status;
}

template Status min(const Min<float>&, Execution&);
template Status min(const Min<double>&, Execution&);
template Status min(const Min<std::int32_t>&, Execution&);
template Status min(const Min<std::uint32_t>&, Execution&);
template Status min(const Min<std::int64_t>&, Execution&);
template Status min(const Min<std::uint64_t>&, Execution&);

}  // namespace flynn::scalar

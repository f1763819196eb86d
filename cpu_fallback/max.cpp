#include <cpu_fallback/extremum.hpp>
#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status max(const Max<T>& w, Execution& execution) {
  Indexed<T> found;
  const Status status = extremum<false>(w.x, execution, found);
  w.result[0] = found.value;
  return status;
}

template Status max(const Max<float>&, Execution&);
template Status max(const Max<double>&, Execution&);
template Status max(const Max<std::int32_t>&, Execution&);
template Status max(const Max<std::uint32_t>&, Execution&);
template Status max(const Max<std::int64_t>&, Execution&);
template Status max(const Max<std::uint64_t>&, Execution&);

}  // namespace flynn::scalar

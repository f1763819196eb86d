#include <cpu_fallback/kernels.hpp>
#include <cpu_fallback/tree.hpp>

namespace flynn::scalar {

template <class T>
Status norm2(const Norm2<T>& w, Execution& execution) {
  return tree_sum<T>(
      w.x.size(), [&](std::size_t i) { return w.x[i] * w.x[i]; }, w.result[0], execution);
}

template Status norm2(const Norm2<float>&, Execution&);
template Status norm2(const Norm2<double>&, Execution&);

}  // namespace flynn::scalar

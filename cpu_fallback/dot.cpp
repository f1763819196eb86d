#include <cpu_fallback/kernels.hpp>
#include <cpu_fallback/tree.hpp>

namespace flynn::scalar {

template <class T>
Status dot(const Dot<T>& w, Execution& execution) {
  return tree_sum<T>(
      w.x.size(), [&](std::size_t i) { return w.x[i] * w.y[i]; }, w.result[0], execution);
}

template Status dot(const Dot<float>&, Execution&);
template Status dot(const Dot<double>&, Execution&);

}  // namespace flynn::scalar

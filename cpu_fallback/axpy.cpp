#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status axpy(const Axpy<T>& w, Execution&) {
  for (std::size_t i = 0; i < w.y.size(); ++i) w.y[i] = w.a * w.x[i] + w.y[i];
  return {};
}

template Status axpy(const Axpy<float>&, Execution&);
template Status axpy(const Axpy<double>&, Execution&);

}  // namespace flynn::scalar

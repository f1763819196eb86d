#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status mul(const Mul<T>& w, Execution&) {
  for (std::size_t i = 0; i < w.y.size(); ++i) w.y[i] = w.a * w.x[i];
  return {};
}

template Status mul(const Mul<float>&, Execution&);
template Status mul(const Mul<double>&, Execution&);

}  // namespace flynn::scalar

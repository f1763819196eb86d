#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status copy(const Copy<T>& w, Execution&) {
  for (std::size_t i = 0; i < w.y.size(); ++i) w.y[i] = w.x[i];
  return {};
}

template Status copy(const Copy<float>&, Execution&);
template Status copy(const Copy<double>&, Execution&);

}  // namespace flynn::scalar

#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status add(const Add<T>& w, Execution&) {
  for (std::size_t i = 0; i < w.z.size(); ++i) w.z[i] = w.x[i] + w.y[i];
  return {};
}

template Status add(const Add<float>&, Execution&);
template Status add(const Add<double>&, Execution&);

}  // namespace flynn::scalar

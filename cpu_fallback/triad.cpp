#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status triad(const Triad<T>& w, Execution&) {
  for (std::size_t i = 0; i < w.z.size(); ++i) w.z[i] = w.x[i] + w.a * w.y[i];
  return {};
}

template Status triad(const Triad<float>&, Execution&);
template Status triad(const Triad<double>&, Execution&);

}  // namespace flynn::scalar

#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status mul(const Mul<T>& w, Execution& execution) {
  return in_chunks(w.y.size(), execution, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) w.y[i] = w.a * w.x[i];
  });
}

template Status mul(const Mul<float>&, Execution&);
template Status mul(const Mul<double>&, Execution&);

}  // namespace flynn::scalar

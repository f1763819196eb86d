#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status axpy(const Axpy<T>& w, Execution& execution) {
  return in_chunks(w.y.size(), execution, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) w.y[i] = w.a * w.x[i] + w.y[i];
  });
}

template Status axpy(const Axpy<float>&, Execution&);
template Status axpy(const Axpy<double>&, Execution&);

}  // namespace flynn::scalar

#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status copy(const Copy<T>& w, Execution& execution) {
  return in_chunks(w.y.size(), execution, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) w.y[i] = w.x[i];
  });
}

template Status copy(const Copy<float>&, Execution&);
template Status copy(const Copy<double>&, Execution&);

}  // namespace flynn::scalar

#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status add(const Add<T>& w, Execution& execution) {
  return in_chunks(w.z.size(), execution, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) w.z[i] = w.x[i] + w.y[i];
  });
}

template Status add(const Add<float>&, Execution&);
template Status add(const Add<double>&, Execution&);

}  // namespace flynn::scalar

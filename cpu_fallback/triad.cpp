#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status triad(const Triad<T>& w, Execution& execution) {
  return in_chunks(w.z.size(), execution, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) w.z[i] = w.x[i] + w.a * w.y[i];
  });
}

template Status triad(const Triad<float>&, Execution&);
template Status triad(const Triad<double>&, Execution&);

}  // namespace flynn::scalar

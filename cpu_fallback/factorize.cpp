#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {

template <class T>
Status factorize(const Factorize<T>&, Execution&) {
  return {Code::unsupported};
}

template Status factorize(const Factorize<std::uint64_t>&, Execution&);

}  // namespace flynn::scalar

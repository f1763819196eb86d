#pragma once
#include <tests/samples/sample.hpp>

namespace flynn::samples {

template <class T>
struct Sample<Axpy<T>> : SameBits<Axpy<T>> {
  static Axpy<T> shape(std::size_t n) { return {T(1.7), {nullptr, n}, {nullptr, n}}; }
};

}  // namespace flynn::samples

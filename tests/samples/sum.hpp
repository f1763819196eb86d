#pragma once
#include <tests/samples/sample.hpp>

namespace flynn::samples {

template <class T>
struct Sample<Sum<T>> : SameBits<Sum<T>> {
  static Sum<T> shape(std::size_t n) { return {{nullptr, n}, {nullptr, 1}}; }
};

}  // namespace flynn::samples

#pragma once
#include <tests/samples/sample.hpp>

namespace flynn::samples {

template <class T>
struct Sample<Mul<T>> : SameBits<Mul<T>> {};

}  // namespace flynn::samples

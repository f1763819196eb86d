#pragma once
#include <tests/samples/sample.hpp>

namespace flynn::samples {

template <class T>
struct Sample<Norm2<T>> : SameBits<Norm2<T>> {};

}  // namespace flynn::samples

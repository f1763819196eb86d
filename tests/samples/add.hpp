#pragma once
#include <tests/samples/sample.hpp>

namespace flynn::samples {

template <class T>
struct Sample<Add<T>> : SameBits<Add<T>> {};

}  // namespace flynn::samples

#pragma once
#include <tests/samples/sample.hpp>

namespace flynn::samples {

template <class T>
struct Sample<Copy<T>> : SameBits<Copy<T>> {};

}  // namespace flynn::samples

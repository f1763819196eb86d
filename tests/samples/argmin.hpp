#pragma once
#include <tests/samples/sample.hpp>

namespace flynn::samples {

template <class T>
struct Sample<Argmin<T>> : SameBits<Argmin<T>> {
  /// Without 0: an extremum of nothing is an error, not a value.
  static std::vector<std::size_t> sizes() {
    std::vector<std::size_t> sizes = awkward_sizes();
    sizes.erase(sizes.begin());
    return sizes;
  }
};

}  // namespace flynn::samples

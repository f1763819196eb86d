#pragma once
#include <tests/samples/sample.hpp>

namespace flynn::samples {

template <class T>
struct Sample<Triad<T>> : SameBits<Triad<T>> {
  /// Fused or not: scalar rounds twice, a fused one once. They differ by half an eps of the product, below 1.7 eps / 2,
  /// and by half an eps of each result, below 2.7 eps.
  static double slack(const Triad<T>&, std::size_t) { return 4; }
};

}  // namespace flynn::samples

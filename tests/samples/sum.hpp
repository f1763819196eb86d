#pragma once
#include <tests/samples/sample.hpp>

namespace flynn::samples {

template <class T>
struct Sample<Sum<T>> : SameBits<Sum<T>> {
  static Sum<T> shape(std::size_t n) { return {{nullptr, n}, {nullptr, 1}}; }
  /// In the worst of orders, one by one, the rounding errors of n additions of terms in [-1, 1) that cancel each other
  /// are a random walk: partial sums grow as sqrt(k / 3), so the errors add up to at most n eps / 5 (six standard
  /// deviations). The bound that holds for any terms, n^2 eps / 4, would not notice that a million of them is missing.
  static double slack(const Sum<T>& w, std::size_t) { return 8 + double(w.x.size()); }
};

}  // namespace flynn::samples

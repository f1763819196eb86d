#pragma once
#include <tests/samples/sample.hpp>

namespace flynn::samples {

template <class T>
struct Sample<Dot<T>> : SameBits<Dot<T>> {
  /// In the worst of orders, one by one, the rounding errors of n additions of terms in [-1, 1) that cancel each other
  /// are a random walk: partial sums have the variance k / 3, an error is uniform within half an eps of them, so the
  /// standard deviation of their sum is below n eps / 8. This is eight of them. The bound for any terms, n^2 eps / 4,
  /// would not notice that a million of them is missing.
  static double slack(const Dot<T>& w, std::size_t) { return 8 + double(w.x.size()); }
};

}  // namespace flynn::samples

#pragma once
#include <tests/samples/sample.hpp>

namespace flynn::samples {

template <class T>
struct Sample<Scan<T>> : SameBits<Scan<T>> {
  /// With sizes around its segments. Odd sizes are exclusive.
  static std::vector<std::size_t> sizes() {
    std::vector<std::size_t> sizes = awkward_sizes();
    // Two threads cut the scan from 7/4 segments on.
    sizes.insert(sizes.end(), {scan_segment - 1, scan_segment, scan_segment + 1, scan_segment / 4 * 7,
                               scan_segment / 4 * 7 + 1, 64 * scan_segment});
    return sizes;
  }
  /// As of sum, with room for the worst of many sums, whose terms begin with init = 3.
  static double slack(const Scan<T>&, std::size_t i) { return 16 + 4 * double(i); }
};

}  // namespace flynn::samples

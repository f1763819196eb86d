#include <cpu_fallback/kernels.hpp>
#include <cpu_fallback/tree.hpp>

namespace flynn::scalar {
namespace {

/// A block, which is at most 1024 elements from `begin` on.
template <class T>
void scan_block(const Scan<T>& w, std::size_t begin, std::size_t end, T base) {
  T carry = T(-0.0);
  for (std::size_t first = begin; first < end; first += scan_row) {
    const std::size_t count = std::min(end - first, scan_row);
    T row[scan_row];
    for (std::size_t i = 0; i < count; ++i) row[i] = w.x[first + i];
    for (std::size_t half = 1; half < count; half *= 2)
      for (std::size_t right = half; right < count; right += 2 * half)
        for (std::size_t i = right; i < std::min(count, right + half); ++i) row[i] = row[right - 1] + row[i];
    for (std::size_t i = 0; i < count; ++i) {
      const T element = !w.exclusive ? row[i] : i > 0 ? row[i - 1] : T(-0.0);
      w.y[first + i] = base + (carry + element);
    }
    carry = carry + row[count - 1];
  }
}

template <class T>
Status scan_floats(const Scan<T>& w, Execution& execution) {
  const std::size_t n = w.x.size();
  TreeCounter<T> segments;
  for (std::size_t segment = 0; segment < n; segment += scan_segment) {
    const T offset = w.init + segments.result();
    TreeCounter<T> blocks;
    for (std::size_t begin = segment; begin < std::min(n, segment + scan_segment); begin += tree_block) {
      const std::size_t end = std::min(n, begin + tree_block);
      T total;  // before y, which may be x, is written
      if (Status s = tree_sum(end - begin, [&](std::size_t i) { return w.x[begin + i]; }, total, execution); !s.ok())
        return s;
      scan_block(w, begin, end, offset + blocks.result());
      blocks.push(total);
    }
    segments.push(blocks.result());
  }
  return {};
}

template <class T>
Status scan_integers(const Scan<T>& w, Execution& execution) {
  T sum = w.init;
  return in_chunks(w.x.size(), execution, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const T before = sum;
      sum = wrapping_add(sum, w.x[i]);
      w.y[i] = w.exclusive ? before : sum;
    }
  });
}

}  // namespace

template <class T>
Status scan(const Scan<T>& w, Execution& execution) {
  if constexpr (std::is_floating_point_v<T>)
    return scan_floats(w, execution);
  else
    return scan_integers(w, execution);
}

template Status scan(const Scan<float>&, Execution&);
template Status scan(const Scan<double>&, Execution&);
template Status scan(const Scan<std::int32_t>&, Execution&);
template Status scan(const Scan<std::uint32_t>&, Execution&);
template Status scan(const Scan<std::int64_t>&, Execution&);
template Status scan(const Scan<std::uint64_t>&, Execution&);

}  // namespace flynn::scalar

#pragma once
#include <vector>

#include <flynn/spec.hpp>

namespace flynn {

struct MemoryRange {
  const char *begin, *end;
  bool overlaps(const MemoryRange& other) const { return begin < other.end && other.begin < end; }
};

template <class T, std::size_t Rank>
MemoryRange range_of(const View<T, Rank>& view) {
  const char* begin = reinterpret_cast<const char*>(view.data);
  return {begin, begin + view.footprint() * sizeof(T)};
}

/// The memory of those views of a workload whose access fits.
template <Spec W, class Fits>
std::vector<MemoryRange> ranges_of(W w, Fits fits) {
  std::vector<MemoryRange> ranges;
  w.each_buffer([&](auto& view) {
    if (fits(std::remove_reference_t<decltype(view)>::access)) ranges.push_back(range_of(view));
  });
  return ranges;
}

/// Whether a view shares memory with any of them.
inline bool overlaps_any(const MemoryRange& range, const std::vector<MemoryRange>& others) {
  return std::ranges::any_of(others, [&](const MemoryRange& other) { return range.overlaps(other); });
}

}  // namespace flynn

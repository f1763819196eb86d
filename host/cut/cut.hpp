#pragma once
// Parts of a workload. They follow from its size alone, so a result does not depend on how many workers there are.

#include <algorithm>
#include <bit>

#include <flynn/spec.hpp>

namespace flynn {

/// How many elements of an axis make a part: a power of two of granules, so that parts of a tree are its subtrees.
/// About 64 parts unless that makes them too small or too large: enough to even out over 8 workers, few enough to be
/// handed out for nothing.
inline std::size_t part_extent(const Axis& axis) {
  const std::size_t wanted = std::clamp(axis.extent / 64, axis.least, axis.most);
  return axis.granule * std::bit_floor(std::max<std::size_t>(wanted / axis.granule, 1));
}

/// How many parts an axis has; one when it is empty, so that reductions of nothing have a value.
inline std::size_t part_count(const Axis& axis) {
  const std::size_t extent = part_extent(axis);
  return std::max<std::size_t>(axis.extent / extent + (axis.extent % extent != 0), 1);
}

inline Range part_range(const Axis& axis, std::size_t i) {
  const std::size_t extent = part_extent(axis);
  return {std::min(i * extent, axis.extent), std::min((i + 1) * extent, axis.extent)};
}

template <std::size_t Axes>
std::size_t part_count(const Cut<Axes>& cut) {
  std::size_t count = 1;
  for (const Axis& axis : cut) count *= part_count(axis);
  return count;
}

/// Part i of [0, part_count(cut)), the last axis fastest.
template <std::size_t Axes>
Box<Axes> part_box(const Cut<Axes>& cut, std::size_t i) {
  Box<Axes> box;
  for (std::size_t d = Axes; d-- > 0;) {
    const std::size_t count = part_count(cut[d]);
    box[d] = part_range(cut[d], i % count);
    i /= count;
  }
  return box;
}

}  // namespace flynn

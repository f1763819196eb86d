#pragma once
#include <algorithm>
#include <cstddef>

#include <flynn/execution.hpp>
#include <flynn/tree.hpp>

namespace flynn::scalar {

/// The sum of term(0) ... term(n - 1) in the tree of flynn/tree.hpp, written as its definition reads.
template <class T, class Term>
Status tree_sum(std::size_t n, Term term, T& result, Execution& execution) {
  TreeCounter<T> blocks;
  for (std::size_t begin = 0; begin < n; begin += tree_block) {
    const std::size_t end = std::min(n, begin + tree_block);
    T lanes[tree_lanes];
    for (T& lane : lanes) lane = T(-0.0);
    for (std::size_t i = begin; i < end; ++i) {
      T& lane = lanes[(i - begin) % tree_lanes];
      lane = wrapping_add(lane, T(term(i)));
    }
    for (std::size_t half = tree_lanes / 2; half > 0; half /= 2)
      for (std::size_t j = 0; j < half; ++j) lanes[j] = wrapping_add(lanes[j], lanes[j + half]);
    blocks.push(lanes[0]);
    if (begin % (std::size_t{1} << 20) == 0)
      if (Status s = poll(execution); !s.ok()) return s;
  }
  result = blocks.result();
  return {};
}

}  // namespace flynn::scalar

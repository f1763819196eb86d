#pragma once
#include <algorithm>
#include <vector>

#include <flynn/extremum.hpp>
#include <kernels/kernels.hpp>

namespace flynn::kernels {

/// The element of a non-empty x that goes before all others, and its index: `entry(begin, end, x, keys, indices)` finds
/// the winner of every chunk of 16384, the host the first of the best: 60,000 of them for 10^9 elements.
template <bool find_min, class T, class Queue>
Indexed<T> extremum(Queue& queue, const Entry& entry, const In<T>& x) {
  constexpr std::size_t chunk = 16384;
  const std::size_t n = x.size(), chunks = ceil_div(n, chunk), slice = queue.slice();
  const auto elements = queue.buffer(x);
  const auto keys = queue.template scratch<KeyOf<T>>(chunks), indices = queue.template scratch<std::uint64_t>(chunks);
  const std::size_t group = queue.is_cpu() ? 4 : 256, group_chunks = queue.is_cpu() ? group : 1;
  for (std::size_t begin = 0; begin < n; begin += slice) {
    const std::size_t end = std::min(n, begin + slice);
    queue.launch(entry, ceil_div(end - begin, chunk * group_chunks), group, begin, end, elements, keys, indices);
  }
  std::vector<KeyOf<T>> key(chunks);
  std::vector<std::uint64_t> index(chunks);
  queue.read(keys, key.data(), chunks);
  queue.read(indices, index.data(), chunks);
  std::size_t best = 0;
  for (std::size_t c = 1; c < chunks; ++c)
    if (key_wins<find_min>(key[c], key[best])) best = c;
  return {value_of_key<find_min, T>(key[best]), index[best]};
}

}  // namespace flynn::kernels

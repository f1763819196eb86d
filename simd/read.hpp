#pragma once
#include <cstddef>
#include <xsimd/xsimd.hpp>

#include <flynn/status.hpp>

namespace flynn::simd {

/// Calls f with four vectors of x at a time, as long as there are four, and returns how many elements they were. In the
/// caches these are neighbours; from memory one of each of four pages of 4 KiB, since DRAM has more lines under way for
/// four streams than for one.
template <class Arch, bool from_memory, class T, class F>
FLYNN_ALWAYS_INLINE std::size_t read_vectors(const T* x, std::size_t n, F f) {
  using V = xsimd::batch<T, Arch>;
  constexpr std::size_t page = 4096 / sizeof(T);
  auto read = [&](std::size_t at, std::size_t apart) {
    const T* const from = x + at;
    f(V::load_unaligned(from), V::load_unaligned(from + apart), V::load_unaligned(from + 2 * apart),
      V::load_unaligned(from + 3 * apart));
  };
  std::size_t i = 0;
  if constexpr (from_memory)
    for (; i + 4 * page <= n; i += 4 * page)
      for (std::size_t j = 0; j < page; j += V::size) read(i + j, page);
  for (; i + 4 * V::size <= n; i += 4 * V::size) read(i, V::size);
  return i;
}

}  // namespace flynn::simd

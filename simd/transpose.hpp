#pragma once
#include <cstddef>
#include <utility>
#include <xsimd/xsimd.hpp>

#include <flynn/status.hpp>

namespace flynn::simd {

/// From the lower (first = 0) or upper (first = W / 2) halves of x and y: x0 y0 x1 y1 ... xsimd's own zip stays within
/// 128 bits in some of its versions.
template <std::size_t first, class Register, std::size_t... i>
FLYNN_ALWAYS_INLINE Register interleave(Register x, Register y, std::index_sequence<i...>) {
  return __builtin_shufflevector(x, y, (first + i / 2 + i % 2 * sizeof...(i))...);
}

/// Transposes W vectors of W elements in log2(W) perfect shuffles: 64 instructions for 256 elements with AVX-512.
template <class Arch, class T, std::size_t W>
FLYNN_ALWAYS_INLINE void transpose(xsimd::batch<T, Arch> (&row)[W]) {
  constexpr std::make_index_sequence<W> lanes;
  for (std::size_t round = 1; round < W; round *= 2) {
    xsimd::batch<T, Arch> next[W];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < W / 2; ++i) {
      next[2 * i] = interleave<0>(row[i].data, row[i + W / 2].data, lanes);
      next[2 * i + 1] = interleave<W / 2>(row[i].data, row[i + W / 2].data, lanes);
    }
#pragma GCC unroll 16
    for (std::size_t i = 0; i < W; ++i) row[i] = next[i];
  }
}

}  // namespace flynn::simd

#pragma once
// C = alpha A B + beta C for packed blocks of A and B.

#include <simd/fma.hpp>
#include <simd/gemm/pack.hpp>
#include <simd/gemm/tile.hpp>

namespace flynn::simd {

/// A block of C, and what happens to it.
template <class T>
struct Target {
  T* c;
  std::size_t ld, rows, columns;
  T alpha, beta;  ///< beta = 0: C is not read
};

/// One tile of C, all of it there. `a` and `b` are panels of k rows each. Terms are added in the order of k, alpha
/// comes in once, at the end.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE void multiply_tile(std::size_t k, const T* a, const T* b, T alpha, T beta, T* c, std::size_t ld) {
  using V = xsimd::batch<T, Arch>;
  using S = Tile<Arch, T>;
  V sum[S::rows][S::vectors];
  for (auto& row : sum)
    for (V& v : row) v = V(T(0));
  for (std::size_t p = 0; p < k; ++p, a += S::rows, b += S::columns) {
    V of_b[S::vectors];
    for (std::size_t v = 0; v < S::vectors; ++v) of_b[v] = V::load_aligned(b + v * V::size);
#pragma GCC unroll 12
    for (std::size_t i = 0; i < S::rows; ++i) {
      const V of_a(a[i]);
      for (std::size_t v = 0; v < S::vectors; ++v) sum[i][v] = multiply_add<Arch, T>(of_a, of_b[v], sum[i][v]);
    }
  }
  const V scale(alpha), keep(beta);
  const bool reads_c = beta != T(0);
#pragma GCC unroll 12
  for (std::size_t i = 0; i < S::rows; ++i, c += ld)
    for (std::size_t v = 0; v < S::vectors; ++v) {
      T* to = c + v * V::size;
      V out = scale * sum[i][v];
      if (reads_c) out = multiply_add<Arch, T>(keep, V::load_unaligned(to), out);
      out.store_unaligned(to);
    }
}

/// A tile at the border of C, by way of a whole one: the same operations on every element, so the same bits wherever
/// the borders of a part are.
template <class Arch, class T>
[[gnu::noinline]] void multiply_edge(std::size_t k, const T* a, const T* b, const Target<T>& to) {
  using S = Tile<Arch, T>;
  alignas(64) T whole[S::rows * S::columns];
  for (std::size_t i = 0; i < to.rows && to.beta != T(0); ++i)
    for (std::size_t j = 0; j < to.columns; ++j) whole[i * S::columns + j] = to.c[i * to.ld + j];
  multiply_tile<Arch>(k, a, b, to.alpha, to.beta, whole, S::columns);
  for (std::size_t i = 0; i < to.rows; ++i)
    for (std::size_t j = 0; j < to.columns; ++j) to.c[i * to.ld + j] = whole[i * S::columns + j];
}

/// A row of tiles: one panel of A times all panels of B.
template <class Arch, class T>
[[gnu::noinline]] void multiply_panel(std::size_t k, const T* a, const T* b, const Target<T>& to) {
  using S = Tile<Arch, T>;
  for (std::size_t j = 0; j < to.columns; j += S::columns, b += k * S::columns) {
    const std::size_t columns = to.columns - j < S::columns ? to.columns - j : S::columns;
    if (to.rows == S::rows && columns == S::columns)
      multiply_tile<Arch>(k, a, b, to.alpha, to.beta, to.c + j, to.ld);
    else
      multiply_edge<Arch>(k, a, b, Target<T>{to.c + j, to.ld, to.rows, columns, to.alpha, to.beta});
  }
}

}  // namespace flynn::simd

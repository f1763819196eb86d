#pragma once
// The innermost loop: a tile of C in registers.

#include <simd/fma.hpp>
#include <simd/gemm/tuning.hpp>

namespace flynn::simd {

/// Rows of A, wherever they are: element (i, p) is data[i * row + p * term].
template <class T>
struct Left {
  const T* data;
  std::size_t row, term;
  FLYNN_ALWAYS_INLINE Left at(std::size_t i, std::size_t p) const { return {data + i * row + p * term, row, term}; }
};

/// A panel of B, as many columns as the tile: element (p, j) is data[p * term + j].
template <class T>
struct Right {
  const T* data;
  std::size_t term;
  T* copy = nullptr;  ///< where the first tile leaves the panel without gaps, for the tiles below it
};

/// A piece of C, and what happens to it. Element (i, j) is c[i * ld + j * step].
template <class T>
struct Target {
  T* c;
  std::size_t ld, step, columns;
  T alpha, beta;  ///< beta = 0: C is not read
};

/// What the tiles after this one will need, and this one asks for.
template <class T>
struct Soon {
  static constexpr std::size_t a_elements = 2 * 64 / sizeof(T);  ///< two cache lines of each of the next rows of A
  const T* c;                                                    ///< the piece of C of the next tile
  std::size_t ld;                                                ///< of C
  const T* a;
  std::size_t a_row;  ///< elements from one of these rows to the next
};

/// Terms are added in the order of k; alpha comes in once, at the end. The rows are reached from every third one, or
/// the addresses of twelve would not fit into registers.
///
/// A row of what is needed soon is asked for every k / R terms: all of it at once would hold the line fill buffers for
/// as long as memory takes, and B comes from L2 through the same ones.
template <class Arch, class T, std::size_t R, std::size_t V, bool copies>
FLYNN_ALWAYS_INLINE void add_terms(std::size_t k, Left<T> a, Right<T> b, Soon<T> soon,
                                   xsimd::batch<T, Arch> (&sum)[R][V]) {
  using Vector = xsimd::batch<T, Arch>;
  constexpr std::size_t W = Vector::size;
  const T* third[(R + 2) / 3];
#pragma GCC unroll 8
  for (std::size_t g = 0; g < (R + 2) / 3; ++g) third[g] = a.data + 3 * g * a.row;
  const std::size_t chunk = k / R + 1;
  for (std::size_t left = k; left > 0;) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < V; ++v) __builtin_prefetch(soon.c + v * W, 1);
    __builtin_prefetch(soon.a, 0, 2);
    __builtin_prefetch(soon.a + soon.a_elements / 2, 0, 2);
    soon.c += soon.ld, soon.a += soon.a_row;
    std::size_t steps = left < chunk ? left : chunk;
    left -= steps;
    for (; steps > 0; --steps) {
      Vector of_b[V];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < V; ++v) of_b[v] = Vector::load_unaligned(b.data + v * W);
      if constexpr (copies) {
#pragma GCC unroll 4
        for (std::size_t v = 0; v < V; ++v) {
          of_b[v].store_aligned(b.copy + v * W);
          __builtin_prefetch(b.data + Block::ahead * b.term + v * W);
        }
        b.copy += V * W;
      }
#pragma GCC unroll 24
      for (std::size_t i = 0; i < R; ++i) {
        const Vector of_a(third[i / 3][i % 3 * a.row]);
#pragma GCC unroll 4
        for (std::size_t v = 0; v < V; ++v) sum[i][v] = multiply_add<Arch, T>(of_a, of_b[v], sum[i][v]);
      }
#pragma GCC unroll 8
      for (std::size_t g = 0; g < (R + 2) / 3; ++g) {
        third[g] += a.term;
        asm("" : "+r"(third[g]));  // keeps GCC from twelve pointers, which it would spill
      }
      b.data += b.term;
    }
  }
}

/// C = alpha sum + beta C for a whole tile.
template <class Arch, class T, std::size_t R, std::size_t V>
FLYNN_ALWAYS_INLINE void put(const xsimd::batch<T, Arch> (&sum)[R][V], T alpha, T beta, T* c, std::size_t ld) {
  using Vector = xsimd::batch<T, Arch>;
  const Vector scale(alpha), keep(beta);
  const bool reads_c = beta != T(0);
#pragma GCC unroll 24
  for (std::size_t i = 0; i < R; ++i, c += ld)
#pragma GCC unroll 4
    for (std::size_t v = 0; v < V; ++v) {
      T* to = c + v * Vector::size;
      Vector out = scale * sum[i][v];
      if (reads_c) out = multiply_add<Arch, T>(keep, Vector::load_unaligned(to), out);
      out.store_unaligned(to);
    }
}

/// A tile of R rows, V vectors wide. One at the border of C goes by way of a whole one: the same operations on every
/// element, so the same bits wherever the borders of a part are.
template <class Arch, class T, std::size_t R, std::size_t V, bool copies>
[[gnu::noinline]] void multiply_tile(std::size_t k, const Left<T>& a, const Right<T>& b, const Target<T>& to,
                                     const Soon<T>& soon) {
  using Vector = xsimd::batch<T, Arch>;
  constexpr std::size_t width = V * Vector::size;
  Vector sum[R][V];
#pragma GCC unroll 24
  for (std::size_t i = 0; i < R; ++i)
#pragma GCC unroll 4
    for (std::size_t v = 0; v < V; ++v) sum[i][v] = Vector(T(0));
  add_terms<Arch, T, R, V, copies>(k, a, b, soon, sum);
  if (to.columns == width && to.step == 1) return put<Arch, T>(sum, to.alpha, to.beta, to.c, to.ld);
  alignas(64) T whole[R * width];
  for (std::size_t i = 0; i < R && to.beta != T(0); ++i)
    for (std::size_t j = 0; j < to.columns; ++j) whole[i * width + j] = to.c[i * to.ld + j * to.step];
  put<Arch, T>(sum, to.alpha, to.beta, whole, width);
  for (std::size_t i = 0; i < R; ++i)
    for (std::size_t j = 0; j < to.columns; ++j) to.c[i * to.ld + j * to.step] = whole[i * width + j];
}

/// How many rows the next tile takes of those that are left.
template <class Arch, class T, std::size_t V>
FLYNN_ALWAYS_INLINE std::size_t tile_rows(std::size_t left) {
  constexpr std::size_t most = Tile<Arch, T>::rows_of(V), half = most > 6 ? 8 : 4;
  if (left >= most && left != 2 * half) return most;
  if (left >= 12 && most > 12) return 12;
  return left >= 8 && most >= 8 ? 8 : left >= 4 && most >= 4 ? 4 : left >= 2 ? 2 : 1;
}

template <class Arch, class T, std::size_t V, bool copies>
FLYNN_ALWAYS_INLINE void multiply_tile(std::size_t rows, std::size_t k, const Left<T>& a, const Right<T>& b,
                                       const Target<T>& to, const Soon<T>& soon) {
  constexpr std::size_t most = Tile<Arch, T>::rows_of(V);
  if (rows == most) return multiply_tile<Arch, T, most, V, copies>(k, a, b, to, soon);
  if constexpr (most > 12)
    if (rows == 12) return multiply_tile<Arch, T, 12, V, copies>(k, a, b, to, soon);
  if constexpr (most > 8)
    if (rows == 8) return multiply_tile<Arch, T, 8, V, copies>(k, a, b, to, soon);
  if constexpr (most > 4)
    if (rows == 4) return multiply_tile<Arch, T, 4, V, copies>(k, a, b, to, soon);
  if constexpr (most > 2)
    if (rows == 2) return multiply_tile<Arch, T, 2, V, copies>(k, a, b, to, soon);
  multiply_tile<Arch, T, 1, V, copies>(k, a, b, to, soon);
}

}  // namespace flynn::simd

#pragma once
// The loops around the tile: a panel of B in L1, the panels of B that are packed and a few rows of A in L2, much as in
// Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008). A is not turned into panels: the
// tile takes its rows as they are. The first tile that meets a panel of B packs it on the way.

#include <flynn/execution.hpp>
#include <simd/gemm/product.hpp>

namespace flynn::simd {

/// How a product is cut, and the memory for its copies.
template <class Arch, class T>
struct Blocks {
  static constexpr std::size_t rows = Block::rows<T>;  ///< of A that meet them one panel after the other
  std::size_t columns;                                 ///< of C whose panels of B are kept together
  std::size_t depth;                                   ///< terms in a panel of B
  bool copies_a;
  T *a, *b, *sums;

  static constexpr std::size_t lanes = Tile<Arch, T>::lanes;
  static std::size_t vectors(std::size_t m, std::size_t n) {
    return n <= lanes ? 1 : n > 2 * lanes && m <= Tile<Arch, T>::wide_rows ? 4 : 2;
  }

  /// With room for `sum_count` sums. False when there is no memory.
  bool allocate(const Product<T>& w, Execution& execution, std::size_t sum_count) {
    constexpr std::size_t most = Block::b_bytes / (Block::depth * sizeof(T));
    const std::size_t width = vectors(w.m, w.n) * lanes;
    const bool one_panel = w.n <= width;
    columns = w.m <= rows ? width : even(w.n, most, width);
    depth = one_panel ? Block::long_depth : Block::depth;
    if (depth > w.k) depth = w.k;
    copies_a = w.a.term != 1 && w.n > 2 * width;
    const std::size_t a_size = copies_a ? rows * depth : 0, b_size = columns * depth;
    a = static_cast<T*>(execution.scratch((a_size + b_size + sum_count) * sizeof(T)));
    b = a + a_size, sums = b + b_size;
    return a;
  }

 private:
  /// The size of equal pieces of `extent`, at most `most` and a multiple of `granule`, as `most` is.
  static std::size_t even(std::size_t extent, std::size_t most, std::size_t granule) {
    const std::size_t pieces = (extent + most - 1) / most, size = (extent + pieces - 1) / pieces;
    return (size + granule - 1) / granule * granule;
  }
};

/// Which rows of all: the first ones pack B, for the others and for their own later tiles.
struct Turn {
  bool first, last;
};

/// Some rows of A times one panel of B, V vectors wide. `packed` is where the panel is, or will be after the first
/// rows.
template <class Arch, class T, std::size_t V>
void multiply_panel(const Product<T>& w, std::size_t p0, T* packed, Turn turn) {
  constexpr std::size_t width = V * Tile<Arch, T>::lanes;
  bool in_place = turn.first && !w.b.by_column && w.n == width;
  if (turn.first && !in_place) pack<Arch, T, width>(w.b, w.k, w.n, packed);
  for (std::size_t i = 0, rows; i < w.m; i += rows) {
    rows = tile_rows<Arch, T, V>(w.m - i);
    const bool copies = in_place && (rows < w.m || !turn.last);
    for (std::size_t p = 0; p < w.k; p += Block::depth) {
      const std::size_t depth = w.k - p < Block::depth ? w.k - p : Block::depth;
      const Target<T> to = w.target(i, 0, w.n, p0 + p);
      T* const here = packed + p * width;
      const Right<T> b = in_place ? Right<T>{w.b.at(p, 0), w.b.ld, here} : Right<T>{here, width, here};
      if (copies)
        multiply_tile<Arch, T, V, true>(rows, depth, w.a.at(i, p), b, to);
      else
        multiply_tile<Arch, T, V, false>(rows, depth, w.a.at(i, p), b, to);
    }
    in_place = in_place && !copies;
  }
}

/// Some rows of A times the panels of B that are kept together.
template <class Arch, class T>
Status multiply_rows(const Product<T>& w, std::size_t p0, std::size_t vectors, const Blocks<Arch, T>& blocks, Turn turn,
                     Execution& execution) {
  constexpr std::size_t lanes = Tile<Arch, T>::lanes;
  for (std::size_t j = 0; j < w.n; j += vectors * lanes) {
    if (Status s = poll(execution); !s.ok()) return s;
    const std::size_t left = w.n - j, wide = vectors == 2 && left <= lanes ? 1 : vectors;
    const Product<T> panel = w.part({0, w.m}, {j, left < wide * lanes ? w.n : j + wide * lanes});
    T* const packed = blocks.b + j * w.k;
    if (wide == 1) multiply_panel<Arch, T, 1>(panel, p0, packed, turn);
    if (wide == 2) multiply_panel<Arch, T, 2>(panel, p0, packed, turn);
    if (wide == 4) multiply_panel<Arch, T, 4>(panel, p0, packed, turn);
  }
  return {};
}

/// C = alpha A B + beta C by the definition.
template <class Arch, class T>
Status multiply(const Product<T>& w, const Blocks<Arch, T>& blocks, Execution& execution) {
  constexpr std::size_t rows = Blocks<Arch, T>::rows;
  const std::size_t vectors = blocks.vectors(w.m, w.n);
  for (std::size_t p = 0; p < w.k; p += blocks.depth) {
    const Product<T> terms = w.terms({p, w.k - p < blocks.depth ? w.k : p + blocks.depth});
    for (std::size_t j = 0; j < w.n; j += blocks.columns)
      for (std::size_t i = 0; i < w.m; i += rows) {
        Product<T> part =
            terms.part({i, w.m - i < rows ? w.m : i + rows}, {j, w.n - j < blocks.columns ? w.n : j + blocks.columns});
        if (blocks.copies_a) part.a = copy_rows<Arch, T>(part.a, part.m, part.k, blocks.a);
        if (Status s = multiply_rows(part, p, vectors, blocks, {i == 0, i + rows >= w.m}, execution); !s.ok()) return s;
      }
  }
  return {};
}

}  // namespace flynn::simd

#pragma once
// The loops around the tile, much as in Goto and van de Geijn, "Anatomy of high-performance matrix multiplication"
// (2008): panels of B are packed and stay in L2; the rows of A of one tile stay in L1 and meet one panel after the
// other, so that the tiles walk along the rows of C. A is not turned into panels: the tile takes its rows as they are.
// The first tile that meets a panel of B packs it on the way.

#include <flynn/execution.hpp>
#include <simd/gemm/product.hpp>

namespace flynn::simd {

/// How a product is cut, and the memory for its copies.
template <class Arch, class T>
struct Blocks {
  std::size_t columns;  ///< of C whose panels of B are kept together
  std::size_t depth;    ///< terms in a panel of B
  std::size_t rows;     ///< of A that meet them before the next ones
  bool copies_a;        ///< all these rows, since it is stored by columns and large
  bool gathers_a;       ///< the rows of a tile, since they are far from each other
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
    columns = w.m <= Block::rows<T> ? width : even(w.n, most, width);
    depth = one_panel ? Block::long_depth : Block::depth;
    if (depth > w.k) depth = w.k;
    copies_a = w.a.term != 1 && w.n > 2 * width && w.k * w.a.term * sizeof(T) > Block::small_a;
    rows = copies_a ? Block::rows<T> : w.m;
    gathers_a = w.a.term == 1 && w.a.row * sizeof(T) >= Block::far && columns >= Block::side_by_side * width;
    const std::size_t a_rows = copies_a ? rows : gathers_a ? Tile<Arch, T>::rows : 0;
    const std::size_t a_size = a_rows * Block::near_row<T>;
    const std::size_t b_size = columns * depth;
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

/// What is needed after tile (i, j) of `rows` rows, whose piece of C is `to`. All tiles of these rows together ask for
/// the next rows of A.
template <class T>
FLYNN_ALWAYS_INLINE Soon<T> after(const Product<T>& w, std::size_t i, std::size_t rows, std::size_t j,
                                  std::size_t width, const T* to) {
  const bool last_column = j + width >= w.n, last_row = i + rows >= w.m;
  const T* const c = !last_column ? to + width * w.c.step : !last_row ? w.c.c + (i + rows) * w.c.ld : to;
  const std::size_t term = j / width * Soon<T>::a_elements;
  if (last_row || term >= w.k || w.a.term != 1) return {c, w.c.ld, c, w.c.ld};
  return {c, w.c.ld, w.a.at(i + rows, term).data, w.a.row};
}

/// Some rows of A times some columns of B, in panels V vectors wide. `packed` is where the panels are, or will be after
/// the first rows.
template <class Arch, class T, std::size_t V>
Status multiply_panels(const Product<T>& w, std::size_t p0, const Blocks<Arch, T>& blocks, T* packed, Turn turn,
                       Execution& execution) {
  constexpr std::size_t width = V * Tile<Arch, T>::lanes, group = Block::side_by_side * width;
  const bool far = w.n > width && w.b.ld * sizeof(T) >= Block::far;
  for (std::size_t i = 0, rows; i < w.m; i += rows) {
    if (Status s = poll(execution); !s.ok()) return s;
    rows = tile_rows<Arch, T, V>(w.m - i);
    const bool packs = turn.first && i == 0, again = rows < w.m || !turn.last;
    const bool in_place = packs && !w.b.by_column && !(far && again);
    const Left<T> a = V == 2 && blocks.gathers_a ? gather_rows(w.a.at(i, 0), rows, w.k, blocks.a) : w.a.at(i, 0);
    for (std::size_t j = 0; j < w.n; j += width) {
      const std::size_t left = w.n - j, columns = left < width ? left : width;
      const bool here = in_place && columns == width;
      T* const panel = packed + j * w.k;
      if (packs && !here && (in_place || j % group == 0))
        pack<Arch, T, width>({w.b.at(0, j), w.b.ld, w.b.by_column}, w.k, left < group ? left : group, panel);
      for (std::size_t p = 0; p < w.k; p += Block::depth) {
        const std::size_t depth = w.k - p < Block::depth ? w.k - p : Block::depth;
        const Target<T> to = w.target(i, j, columns, p0 + p);
        const Soon<T> soon = after(w, i, rows, j, width, to.c);
        T* const copy = panel + p * width;
        const Right<T> b = here ? Right<T>{w.b.at(p, j), w.b.ld, copy} : Right<T>{copy, width};
        if (here && again)
          multiply_tile<Arch, T, V, true>(rows, depth, a.at(0, p), b, to, soon);
        else
          multiply_tile<Arch, T, V, false>(rows, depth, a.at(0, p), b, to, soon);
      }
    }
  }
  return {};
}

/// Some rows of A times the panels of B that are kept together.
template <class Arch, class T>
Status multiply_rows(const Product<T>& w, std::size_t p0, std::size_t vectors, const Blocks<Arch, T>& blocks, Turn turn,
                     Execution& execution) {
  constexpr std::size_t lanes = Tile<Arch, T>::lanes;
  const std::size_t rest = w.n % (2 * lanes), narrow = vectors == 2 && rest <= lanes ? rest : 0, n = w.n - narrow;
  const Product<T> usual = w.part({0, w.m}, {0, n});
  Status s;
  if (vectors == 1) s = multiply_panels<Arch, T, 1>(usual, p0, blocks, blocks.b, turn, execution);
  if (vectors == 2) s = multiply_panels<Arch, T, 2>(usual, p0, blocks, blocks.b, turn, execution);
  if (vectors == 4) s = multiply_panels<Arch, T, 4>(usual, p0, blocks, blocks.b, turn, execution);
  if (!s.ok() || narrow == 0) return s;
  return multiply_panels<Arch, T, 1>(w.part({0, w.m}, {n, w.n}), p0, blocks, blocks.b + n * w.k, turn, execution);
}

/// C = alpha A B + beta C by the definition.
template <class Arch, class T>
Status multiply(const Product<T>& w, const Blocks<Arch, T>& blocks, Execution& execution) {
  const std::size_t rows = blocks.rows, vectors = blocks.vectors(w.m, w.n);
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

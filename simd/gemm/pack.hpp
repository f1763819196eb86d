#pragma once
// Packing: B is copied into panels whose rows are as wide as a tile, one panel after the other. The rows of A are read
// where they are, unless they are far from each other; columns are copied.

#include <simd/gemm/tile.hpp>
#include <simd/transpose.hpp>

namespace flynn::simd {

/// The right matrix as it is stored: by rows (element (p, j) is data[p * ld + j]) or by columns (data[j * ld + p]).
template <class T>
struct Stored {
  const T* data;
  std::size_t ld;
  bool by_column;
  FLYNN_ALWAYS_INLINE const T* at(std::size_t p, std::size_t j) const {
    return by_column ? data + j * ld + p : data + p * ld + j;
  }
};

/// Copies `columns` columns of a matrix stored by rows to panels `width` wide, all panels row by row; what is missing
/// of the last one becomes zero.
template <class Arch, class T, std::size_t width>
void pack_rows(const Stored<T>& b, std::size_t depth, std::size_t columns, T* panels) {
  const std::size_t rest = columns % width;
  for (std::size_t p = 0; p < depth; ++p) {
    const T* from = b.data + p * b.ld;
    T* to = panels + p * width;
    for (std::size_t j = width; j <= columns; j += width, from += width, to += depth * width)
      __builtin_memcpy(to, from, width * sizeof(T));
    for (std::size_t j = 0; rest > 0 && j < width; ++j) to[j] = j < rest ? from[j] : T(0);
  }
}

/// The same from a matrix stored by columns, transposed in registers.
template <class Arch, class T, std::size_t width>
void pack_columns(const Stored<T>& b, std::size_t depth, std::size_t columns, T* panel) {
  using V = xsimd::batch<T, Arch>;
  constexpr std::size_t W = V::size;
  std::size_t p = 0;
  for (; p + W <= depth; p += W)
    for (std::size_t g = 0; g < width; g += W) {
      V row[W];
      for (std::size_t j = 0; j < W; ++j)
        row[j] = g + j < columns ? V::load_unaligned(b.data + (g + j) * b.ld + p) : V(T(0));
      transpose<Arch, T>(row);
      for (std::size_t i = 0; i < W; ++i) row[i].store_aligned(panel + (p + i) * width + g);
    }
  for (; p < depth; ++p)
    for (std::size_t j = 0; j < width; ++j) panel[p * width + j] = j < columns ? b.data[j * b.ld + p] : T(0);
}

/// Packs some columns of B.
template <class Arch, class T, std::size_t width>
void pack(const Stored<T>& b, std::size_t depth, std::size_t columns, T* panels) {
  if (!b.by_column) return pack_rows<Arch, T, width>(b, depth, columns, panels);
  for (std::size_t j = 0; j < columns; j += width)
    pack_columns<Arch, T, width>({b.at(0, j), b.ld, true}, depth, columns - j < width ? columns - j : width,
                                 panels + j * depth);
}

/// Copies rows of A that are far from each other to rows one line longer than a block, and says where they are.
template <class T>
FLYNN_ALWAYS_INLINE Left<T> gather_rows(const Left<T>& a, std::size_t rows, std::size_t depth, T* to) {
  const Left<T> near{to, Block::near_row<T>, 1};
  for (std::size_t i = 0; i < rows; ++i) __builtin_memcpy(to + i * near.row, a.data + i * a.row, depth * sizeof(T));
  return near;
}

/// The same with rows that are stored as columns, transposed in registers.
template <class Arch, class T>
Left<T> copy_rows(const Left<T>& a, std::size_t rows, std::size_t depth, T* to) {
  using V = xsimd::batch<T, Arch>;
  constexpr std::size_t W = V::size;
  const Left<T> near{to, Block::near_row<T>, 1};
  std::size_t p = 0;
  for (; p + W <= depth; p += W) {
    const T* const from = a.data + p * a.term;
    std::size_t i = 0;
    for (; i + W <= rows; i += W) {
      V term[W];
      for (std::size_t j = 0; j < W; ++j) term[j] = V::load_unaligned(from + j * a.term + i);
      transpose<Arch, T>(term);
      for (std::size_t j = 0; j < W; ++j) term[j].store_aligned(to + (i + j) * near.row + p);
    }
    for (; i < rows; ++i)
      for (std::size_t j = 0; j < W; ++j) to[i * near.row + p + j] = from[j * a.term + i];
  }
  for (; p < depth; ++p)
    for (std::size_t i = 0; i < rows; ++i) to[i * near.row + p] = a.data[p * a.term + i];
  return near;
}

}  // namespace flynn::simd

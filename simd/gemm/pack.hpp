#pragma once
// Packing: a block of A or B is copied once into the order in which the innermost loop reads it, so that this loop sees
// neither transposes nor leading dimensions and walks through memory in one straight line.
//
// A packed block is a row of panels. A panel is `columns` columns wide; its element (p, q) lies at [p * columns + q].
// Columns that the block does not have are zero. They are written in loops of their own: of one loop with a choice in it
// GCC makes masked loads, and qemu 7.2 reads what the mask leaves out, beyond the end of the matrix.

#include <cstddef>
#include <xsimd/xsimd.hpp>

#include <flynn/view.hpp>
#include <simd/transpose.hpp>

namespace flynn::simd {

/// A matrix with `depth` rows and `width` columns, stored by rows (element (p, q) is data[p * ld + q]) or by columns
/// (data[q * ld + p]).
template <class T>
struct Unpacked {
  const T* data;
  std::size_t ld;
  bool by_column;
  std::size_t depth, width;

  FLYNN_ALWAYS_INLINE Unpacked part(Range p, Range q) const {
    const std::size_t first = by_column ? q.begin * ld + p.begin : p.begin * ld + q.begin;
    return {data + first, ld, by_column, p.size(), q.size()};
  }
};

/// Packs a matrix stored by rows. It reads whole rows: going down panel by panel reads from DRAM at half the speed.
template <class Arch, class T, std::size_t columns>
void pack_rows(const Unpacked<T>& m, T* packed) {
  for (std::size_t p = 0; p < m.depth; ++p) {
    const T* source = m.data + p * m.ld;
    T* to = packed + p * columns;
    std::size_t q = 0;
    for (; q + columns <= m.width; q += columns, to += m.depth * columns)
      __builtin_memcpy(to, source + q, columns * sizeof(T));
    if (q == m.width) continue;
    for (std::size_t i = 0; i < columns; ++i) to[i] = T(0);
    for (std::size_t i = 0; q + i < m.width; ++i) to[i] = source[q + i];
  }
}

/// Packs a panel of at most `columns` columns from a matrix stored by columns. Writes up to a vector past its end.
template <class Arch, class T, std::size_t columns>
FLYNN_ALWAYS_INLINE void pack_panel(const Unpacked<T>& m, T* panel) {
  using V = xsimd::batch<T, Arch>;
  constexpr std::size_t W = V::size, groups = (columns + W - 1) / W;
  std::size_t p = 0;
  for (; p + W <= m.depth; p += W) {
    // The last group stores past its columns, into the next row of the panel: the first group has to go over that.
    for (std::size_t g = groups; g-- > 0;) {
      V row[W];
      for (std::size_t i = 0; i < W; ++i)
        row[i] = g * W + i < m.width ? V::load_unaligned(m.data + (g * W + i) * m.ld + p) : V(T(0));
      transpose<Arch, T>(row);
      for (std::size_t i = 0; i < W; ++i) row[i].store_unaligned(panel + (p + i) * columns + g * W);
    }
  }
  for (; p < m.depth; ++p) {
    for (std::size_t q = 0; q < columns; ++q) panel[p * columns + q] = T(0);
    for (std::size_t q = 0; q < m.width; ++q) panel[p * columns + q] = m.data[q * m.ld + p];
  }
}

/// Packs a matrix into panels of `columns` columns. Writes up to a vector past the last one.
template <class Arch, class T, std::size_t columns>
void pack(const Unpacked<T>& m, T* packed) {
  if (!m.by_column) return pack_rows<Arch, T, columns>(m, packed);
  for (std::size_t q = 0; q < m.width; q += columns, packed += m.depth * columns) {
    const std::size_t end = q + columns < m.width ? q + columns : m.width;
    pack_panel<Arch, T, columns>(m.part({0, m.depth}, {q, end}), packed);
  }
}

}  // namespace flynn::simd

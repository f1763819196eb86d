#pragma once
// What is tuned in gemm, apart from the algorithm.

#include <cstddef>
#include <xsimd/xsimd.hpp>

namespace flynn::simd {

/// The tiles of C that the innermost loop holds in registers, by their width in vectors: as many rows as leave room for
/// a row of B and one element of A. At least eight sums hide the latency of an FMA on two ports.
template <class Arch, class T>
struct Tile {
  static constexpr std::size_t lanes = xsimd::batch<T, Arch>::size;
#if defined(__AVX512F__) || defined(__aarch64__)
  static constexpr bool many_registers = true;  // 32
#else
  static constexpr bool many_registers = false;  // 16
#endif
  static constexpr std::size_t rows = many_registers ? 12 : 6;          ///< of tiles of two vectors, the usual ones
  static constexpr std::size_t narrow_rows = many_registers ? 24 : 12;  ///< of one vector, for the last columns
  static constexpr std::size_t wide_rows = many_registers ? 4 : 2;      ///< of four vectors, for a C of few rows
  static constexpr std::size_t rows_of(std::size_t vectors) {
    return vectors == 1 ? narrow_rows : vectors == 2 ? rows : wide_rows;
  }
};

/// The blocks of A and B, in bytes and terms.
struct Block {
  /// The longest chain of additions that the error bound allows. It is part of the result.
  static constexpr std::size_t depth = 256;
  /// Bytes of A that meet the panels of B together, where A is stored by columns and copied.
  static constexpr std::size_t a_bytes = std::size_t{96} << 10;
  template <class T>
  static constexpr std::size_t rows = a_bytes / (depth * sizeof(T));
  /// An A stored by columns of at most so many bytes, gaps included, is read where it is.
  static constexpr std::size_t small_a = std::size_t{40} << 10;
  /// The panels of B that are packed together: less than half of an L2 cache of 2 MiB.
  static constexpr std::size_t b_bytes = std::size_t{896} << 10;
  /// A panel of B that meets few columns of C may be this long: then the rows of A are read in one go.
  static constexpr std::size_t long_depth = 16 * depth;
  /// Rows of B that the first tile asks for ahead of its use.
  static constexpr std::size_t ahead = 16;
  /// Rows at this distance are far from each other: each is on a page of its own, and all fall into the same few sets
  /// of L1 where the distance is a power of two.
  static constexpr std::size_t far = 4096;
  /// Elements from one copied row of A to the next: no power of two.
  template <class T>
  static constexpr std::size_t near_row = depth + 64 / sizeof(T);
  /// Panels that are packed side by side from rows that are far from each other; with fewer of them, copying a few rows
  /// of A does not pay either.
  static constexpr std::size_t side_by_side = 8;
};

}  // namespace flynn::simd

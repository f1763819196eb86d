#include <simd/gemm/multiply.hpp>
#include <simd/kernels.hpp>

// The loops around the tile follow Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008),
// and Van Zee and van de Geijn, "BLIS" (2015), turned for row-major C: the panel of A is the one that stays in L1.

namespace flynn::simd {
namespace {

/// The longest k whose blocks are added into C one after the other: 256 blocks of 256 terms.
constexpr std::size_t longest_chain = Block::depth * Block::depth;

/// Cuts `extent` into pieces of equal size, at most `most` and a multiple of `granule`.
constexpr std::size_t even(std::size_t extent, std::size_t most, std::size_t granule) {
  const std::size_t pieces = (extent + most - 1) / most, size = (extent + pieces - 1) / pieces;
  return (size + granule - 1) / granule * granule;
}

}  // namespace

/// The shape of the blocks, and where they are packed.
template <class Arch, class T>
struct Blocks {
  std::size_t rows, columns, depth;
  T *a, *b;
  T* sums;  ///< a block of C; null when k is short enough to be added straight into C

  /// False when there is no memory.
  bool allocate(const Gemm<T>& w, Execution& execution) {
    rows = even(w.m(), Block::rows, Tile<Arch, T>::rows);
    columns = even(w.n(), Block::columns, Tile<Arch, T>::columns);
    depth = w.k() < Block::depth ? w.k() : Block::depth;
    // Packing writes up to a vector past the end; B begins at a multiple of 64 bytes.
    const std::size_t room = 64 / sizeof(T), a_size = (rows * depth + 2 * room - 1) / room * room;
    const std::size_t b_size = columns * depth + room, sums_size = w.k() > longest_chain ? rows * columns : 0;
    a = static_cast<T*>(execution.scratch((a_size + b_size + sums_size) * sizeof(T)));
    b = a + a_size;
    sums = sums_size ? b + b_size : nullptr;
    return a;
  }
};

/// C = alpha op(A) op(B) + beta C by the definition, k at most `longest_chain`.
template <class Arch, class T>
Status multiply(const Gemm<T>& w, const Blocks<Arch, T>& blocks, Execution& execution) {
  constexpr std::size_t tile_rows = Tile<Arch, T>::rows, tile_columns = Tile<Arch, T>::columns;
  const std::size_t m = w.m(), n = w.n(), k = w.k();
  const Unpacked<T> a{w.a.data, w.a.stride[0], w.op_a == Op::none, k, m};  // A in the form of B: its rows are columns
  const Unpacked<T> b{w.b.data, w.b.stride[0], w.op_b == Op::transpose, k, n};
  for (std::size_t i = 0; i < m; i += blocks.rows)
    for (std::size_t p = 0; p < k; p += blocks.depth) {
      const Range rows{i, m - i < blocks.rows ? m : i + blocks.rows};
      const Range depth{p, k - p < blocks.depth ? k : p + blocks.depth};
      pack<Arch, T, tile_rows>(a.part(depth, rows), blocks.a);
      for (std::size_t j = 0; j < n; j += blocks.columns) {
        const Range columns{j, n - j < blocks.columns ? n : j + blocks.columns};
        pack<Arch, T, tile_columns>(b.part(depth, columns), blocks.b);
        for (std::size_t r = 0; r < rows.size(); r += tile_rows) {
          if (Status s = poll(execution); !s.ok()) return s;
          const std::size_t tall = rows.size() - r < tile_rows ? rows.size() - r : tile_rows;
          multiply_panel<Arch>(
              depth.size(), blocks.a + r * depth.size(), blocks.b,
              Target<T>{&w.c(i + r, j), w.c.stride[0], tall, columns.size(), w.alpha, p == 0 ? w.beta : T(1)});
        }
      }
    }
  return {};
}

/// C = alpha X + beta C; X is not read when alpha = 0, C not when beta = 0.
template <class Arch, class T>
void combine(T alpha, const T* x, std::size_t x_ld, T beta, const InOut<T, 2>& c) {
  for (std::size_t i = 0; i < c.extent[0]; ++i)
    for (std::size_t j = 0; j < c.extent[1]; ++j) {
      const T product = alpha == T(0) ? T(0) : alpha * x[i * x_ld + j];
      c(i, j) = beta == T(0) ? product : product + beta * c(i, j);
    }
}

/// For a longer k: sums over `longest_chain` terms are made apart and then added into C, so that no chain of additions
/// is longer than 256 for k up to 2^24.
template <class Arch, class T>
Status multiply_long(const Gemm<T>& w, const Blocks<Arch, T>& blocks, Execution& execution) {
  const std::size_t m = w.m(), n = w.n(), k = w.k();
  for (std::size_t i = 0; i < m; i += blocks.rows)
    for (std::size_t j = 0; j < n; j += blocks.columns) {
      const Gemm<T> block = w.part(Range{i, m - i < blocks.rows ? m : i + blocks.rows},
                                   Range{j, n - j < blocks.columns ? n : j + blocks.columns});
      for (std::size_t p = 0; p < k; p += longest_chain) {
        Gemm<T> group = block.terms({p, k - p < longest_chain ? k : p + longest_chain});
        group.alpha = 1;
        group.beta = 0;
        group.c = InOut<T, 2>(blocks.sums, block.m(), block.n(), blocks.columns);
        if (Status s = multiply(group, blocks, execution); !s.ok()) return s;
        combine<Arch>(w.alpha, blocks.sums, blocks.columns, p == 0 ? w.beta : T(1), block.c);
      }
    }
  return {};
}

template <class Arch, class T>
Status gemm(const Gemm<T>& w, Execution& execution) {
  if (w.m() == 0 || w.n() == 0) return {};
  if (!w.reads_ab()) {
    combine<Arch>(T(0), static_cast<const T*>(nullptr), 0, w.beta, w.c);
    return {};
  }
  Blocks<Arch, T> blocks;
  if (!blocks.allocate(w, execution)) return {Code::out_of_memory};
  return blocks.sums ? multiply_long(w, blocks, execution) : multiply(w, blocks, execution);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status gemm<Arch>(const Gemm<float>&, Execution&);
template Status gemm<Arch>(const Gemm<double>&, Execution&);

}  // namespace flynn::simd

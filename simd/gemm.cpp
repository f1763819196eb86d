#include <simd/gemm/column.hpp>
#include <simd/gemm/multiply.hpp>
#include <simd/kernels.hpp>

namespace flynn::simd {
namespace {

/// The longest k whose blocks are added into C one after the other: 256 blocks of 256 terms.
constexpr std::size_t longest_chain = Block::depth * Block::depth;
/// Rows and columns of C whose sums over a longer k are kept apart.
constexpr std::size_t long_rows = 192, long_columns = 256;

constexpr std::size_t at_most(std::size_t x, std::size_t most) { return x < most ? x : most; }

}  // namespace

/// C = alpha X + beta C; X is not read when alpha = 0, C not when beta = 0.
template <class Arch, class T>
void combine(const Product<T>& w, const T* x, T beta) {
  for (std::size_t i = 0; i < w.m; ++i)
    for (std::size_t j = 0; j < w.n; ++j) {
      T& c = w.c.c[i * w.c.ld + j * w.c.step];
      const T sum = x ? w.c.alpha * x[i * w.n + j] : T(0);
      c = beta == T(0) ? sum : sum + beta * c;
    }
}

/// For a k of at most `longest_chain`.
template <class Arch, class T>
Status multiply_any(const Product<T>& w, Blocks<Arch, T>& blocks, Execution& execution) {
  if (w.is_column()) return multiply_column<Arch>(w, execution);
  return multiply(w, blocks, execution);
}

/// For a longer k: sums over `longest_chain` terms are made apart and then added into C, so that no chain of additions
/// is longer than 256 for k up to 2^24.
template <class Arch, class T>
Status multiply_long(const Product<T>& w, Blocks<Arch, T>& blocks, Execution& execution) {
  for (std::size_t i = 0; i < w.m; i += long_rows)
    for (std::size_t j = 0; j < w.n; j += long_columns) {
      const Product<T> block = w.part({i, at_most(i + long_rows, w.m)}, {j, at_most(j + long_columns, w.n)});
      for (std::size_t p = 0; p < w.k; p += longest_chain) {
        Product<T> group = block.terms({p, at_most(p + longest_chain, w.k)});
        group.c = {blocks.sums, block.n, 1, block.n, T(1), T(0)};
        if (Status s = multiply_any(group, blocks, execution); !s.ok()) return s;
        combine<Arch>(block, blocks.sums, p == 0 ? w.c.beta : T(1));
      }
    }
  return {};
}

template <class Arch, class T>
Status gemm(const Gemm<T>& gemm, Execution& execution) {
  if (gemm.m() == 0 || gemm.n() == 0) return {};
  Product<T> w = product<Arch>(gemm);
  if (!gemm.reads_ab()) {
    combine<Arch>(w, static_cast<const T*>(nullptr), w.c.beta);
    return {};
  }
  if ((w.n == 1 && w.a.term != 1) || (w.m == 1 && w.b.by_column)) w = w.turned();
  const bool is_long = w.k > longest_chain;
  if (!is_long && w.is_column()) return multiply_column<Arch>(w, execution);
  Blocks<Arch, T> blocks;
  Product<T> piece = w;  // what is multiplied at once
  if (is_long) piece.m = at_most(w.m, long_rows), piece.n = at_most(w.n, long_columns);
  if (!blocks.allocate(piece, execution, is_long ? piece.m * piece.n : 0)) return {Code::out_of_memory};
  return is_long ? multiply_long(w, blocks, execution) : multiply_any(w, blocks, execution);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status gemm<Arch>(const Gemm<float>&, Execution&);
template Status gemm<Arch>(const Gemm<double>&, Execution&);

}  // namespace flynn::simd

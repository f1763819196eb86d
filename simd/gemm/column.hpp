#pragma once
// A C of one column: every element of A is used once, so nothing is packed.

#include <flynn/execution.hpp>
#include <simd/gemm/product.hpp>

namespace flynn::simd {

/// Adds the terms [p, p + depth) of one row of A for each lane; the rows are transposed in registers.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE xsimd::batch<T, Arch> row_sums(const Product<T>& w, std::size_t i, std::size_t p,
                                                   std::size_t depth) {
  using V = xsimd::batch<T, Arch>;
  constexpr std::size_t W = V::size;
  const T* row[W];  // lanes beyond the last row repeat it
  for (std::size_t l = 0; l < W; ++l) row[l] = w.a.data + (i + l < w.m ? i + l : w.m - 1) * w.a.row + p;
  const T* x = w.b.at(p, 0);
  const std::size_t step = w.b.by_column ? 1 : w.b.ld;
  V sum(T(0));
  std::size_t q = 0;
  for (; q + W <= depth; q += W, x += W * step) {
    V term[W];
#pragma GCC unroll 16
    for (std::size_t l = 0; l < W; ++l) term[l] = V::load_unaligned(row[l] + q);
    transpose<Arch, T>(term);
#pragma GCC unroll 16
    for (std::size_t l = 0; l < W; ++l) sum = multiply_add<Arch, T>(term[l], V(x[l * step]), sum);
  }
  for (; q < depth; ++q, x += step) {
    alignas(64) T term[W];
    for (std::size_t l = 0; l < W; ++l) term[l] = row[l][q];
    sum = multiply_add<Arch, T>(V::load_aligned(term), V(*x), sum);
  }
  return sum;
}

/// C = alpha A x + beta C, where the rows of A are contiguous.
template <class Arch, class T>
Status multiply_column(const Product<T>& w, Execution& execution) {
  using V = xsimd::batch<T, Arch>;
  const V scale(w.c.alpha);
  for (std::size_t i = 0; i < w.m; i += V::size) {
    const std::size_t rows = w.m - i < V::size ? w.m - i : V::size;
    for (std::size_t p = 0; p < w.k; p += Block::depth) {
      if (p % Block::long_depth == 0)
        if (Status s = poll(execution); !s.ok()) return s;
      const Target<T> to = w.target(i, 0, 1, p);
      alignas(64) T c[V::size] = {};
      for (std::size_t l = 0; l < rows && to.beta != T(0); ++l) c[l] = to.c[l * to.ld];
      V out = scale * row_sums<Arch>(w, i, p, w.k - p < Block::depth ? w.k - p : Block::depth);
      if (to.beta != T(0)) out = multiply_add<Arch, T>(V(to.beta), V::load_aligned(c), out);
      out.store_aligned(c);
      for (std::size_t l = 0; l < rows; ++l) to.c[l * to.ld] = c[l];
    }
  }
  return {};
}

}  // namespace flynn::simd

#pragma once
// A product in the form that the kernels work on.

#include <flynn/workloads/gemm.hpp>
#include <simd/gemm/pack.hpp>

namespace flynn::simd {

/// C = alpha A B + beta C, where A is m x k, B is k x n, and C is m x n with any distance between elements.
template <class T>
struct Product {
  std::size_t m, n, k;
  Left<T> a;
  Stored<T> b;
  Target<T> c;

  /// The piece of C from (i, j) on, with the beta of the terms from p on.
  FLYNN_ALWAYS_INLINE Target<T> target(std::size_t i, std::size_t j, std::size_t columns, std::size_t p) const {
    return {c.c + i * c.ld + j * c.step, c.ld, c.step, columns, c.alpha, p == 0 ? c.beta : T(1)};
  }
  FLYNN_ALWAYS_INLINE Product part(Range rows, Range columns) const {
    Product w = *this;
    w.m = rows.size(), w.n = columns.size();
    w.a = a.at(rows.begin, 0);
    w.b.data = b.at(0, columns.begin);
    w.c = target(rows.begin, columns.begin, columns.size(), 0);
    return w;
  }
  FLYNN_ALWAYS_INLINE Product terms(Range r) const {
    Product w = *this;
    w.k = r.size();
    w.a = a.at(0, r.begin);
    w.b.data = b.at(r.begin, 0);
    return w;
  }
  /// Whether C is one column and the rows of A are contiguous.
  FLYNN_ALWAYS_INLINE bool is_column() const { return n == 1 && a.term == 1; }
  /// C^T = B^T A^T, the same numbers: it turns a C of one column into one of one row.
  FLYNN_ALWAYS_INLINE Product turned() const {
    Product w{n, m, k, {b.data, 1, b.ld}, {a.data, a.row, true}, c};
    if (b.by_column) w.a = {b.data, b.ld, 1};
    if (a.term != 1) w.b = {a.data, a.term, false};
    w.c.ld = c.step, w.c.step = c.ld;
    return w;
  }
};

template <class Arch, class T>
FLYNN_ALWAYS_INLINE Product<T> product(const Gemm<T>& w) {
  Product<T> p{w.m(),
               w.n(),
               w.k(),
               {w.a.data, w.a.stride[0], 1},
               {w.b.data, w.b.stride[0], w.op_b == Op::transpose},
               {w.c.data, w.c.stride[0], 1, w.n(), w.alpha, w.beta}};
  if (w.op_a == Op::transpose) p.a = {w.a.data, 1, w.a.stride[0]};
  return p;
}

}  // namespace flynn::simd

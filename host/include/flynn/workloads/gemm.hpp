#pragma once
#include <flynn/spec.hpp>

namespace flynn {

/// How gemm reads a matrix.
enum class Op : std::uint8_t { none, transpose };

/// C = alpha op(A) op(B) + beta C, row-major. op(A) is m x k, op(B) is k x n, C is m x n; A, B and C are given as they
/// are stored, with a leading dimension each. By the rules of BLAS: beta = 0 does not read C (a NaN in it is
/// overwritten), and alpha = 0 or k = 0 does not read A and B. C must not overlap A or B. Error of every element: |got
/// - exact| <= 16 eps (|alpha| sum|a b| + |beta c|). Work 2 m n k.
template <class T>
struct Gemm {
  using value_type = T;
  using box = Box<2>;
  static constexpr std::string_view name = "gemm";
  static constexpr std::uint32_t version = 1;
  static constexpr Rate rate = Rate::flops;

  T alpha = 1;
  In<T, 2> a;
  Op op_a = Op::none;
  In<T, 2> b;
  Op op_b = Op::none;
  T beta = 0;
  InOut<T, 2> c;

  FLYNN_ALWAYS_INLINE std::size_t m() const { return c.extent[0]; }
  FLYNN_ALWAYS_INLINE std::size_t n() const { return c.extent[1]; }
  FLYNN_ALWAYS_INLINE std::size_t k() const { return a.extent[op_a == Op::none ? 1 : 0]; }
  /// Whether the product counts at all.
  FLYNN_ALWAYS_INLINE bool reads_ab() const { return alpha != T(0) && k() > 0; }

  static Gemm shape(std::size_t n) {
    return {.a = {nullptr, n, n, n}, .b = {nullptr, n, n, n}, .c = {nullptr, n, n, n}};
  }
  Status check(Text& text) const;
  Cost cost() const {
    const double mn = double(m()) * double(n()), mk = double(m()) * double(k()), kn = double(k()) * double(n());
    return {.flops = 2.0 * mn * double(k()), .bytes = sizeof(T) * (mk + kn + (beta == T(0) ? 1.0 : 2.0) * mn)};
  }
  void each_buffer(auto&& f) { f(a), f(b), f(c); }

  /// Rows and columns of C. A part packs its own piece of B, which its first rows do on the way, and reads its rows of
  /// A for itself. Parts have at most 384 rows, and about equal ones, so that cores end together. There are four where
  /// each has 40, so that order 256 keeps four cores busy, and order 1024 is 8 parts; two where each has 32 and there
  /// is one part of columns. Kernels poll inside.
  Cut<2> cut() const {
    constexpr std::size_t most = 384, columns = 512, tile = 4;
    const std::size_t wanted = m() >= 4 * 40 ? 4 : m() >= 2 * 32 && n() <= columns ? 2 : 1;
    const std::size_t parts = std::max((m() + most - 1) / most, wanted);
    const std::size_t rows = std::max<std::size_t>(((m() + parts - 1) / parts + tile - 1) / tile * tile, tile);
    return {Axis{.extent = m(), .granule = rows, .least = rows, .most = rows},
            Axis{.extent = n(), .granule = columns, .least = columns, .most = columns}};
  }
  FLYNN_ALWAYS_INLINE Gemm part(const box& p) const { return part(p[0], p[1]); }
  FLYNN_ALWAYS_INLINE Gemm part(Range rows, Range columns) const {
    Gemm g = *this;
    g.a = a.part(rows, op_a == Op::none ? 0 : 1);
    g.b = b.part(columns, op_b == Op::none ? 1 : 0);
    g.c = c.part(rows, 0).part(columns, 1);
    return g;
  }
  /// The product of some columns of op(A) and the same rows of op(B): a piece of every sum over k.
  FLYNN_ALWAYS_INLINE Gemm terms(Range r) const {
    Gemm g = *this;
    g.a = a.part(r, op_a == Op::none ? 1 : 0);
    g.b = b.part(r, op_b == Op::none ? 0 : 1);
    return g;
  }
};

template <class T>
Status Gemm<T>::check(Text& text) const {
  if (Status s = check_view(text, "A", a); !s.ok()) return s;
  if (Status s = check_view(text, "B", b); !s.ok()) return s;
  if (Status s = check_view(text, "C", c); !s.ok()) return s;
  const std::size_t a_rows = a.extent[op_a == Op::none ? 0 : 1], b_columns = b.extent[op_b == Op::none ? 1 : 0];
  const std::size_t b_rows = b.extent[op_b == Op::none ? 0 : 1];
  if (a_rows != m() || b_columns != n() || b_rows != k())
    return fail(text, Code::invalid_argument,
                "op(A) is %zu x %zu, op(B) is %zu x %zu and C is %zu x %zu; they must be m x k, k x n and m x n",
                a_rows, k(), b_rows, b_columns, m(), n());
  auto check_ld = [&](const char* name, const auto& v) {
    if (v.stride[1] == 1 && (v.stride[0] >= v.extent[1] || v.extent[0] <= 1)) return Status{};
    return fail(text, Code::invalid_argument, "%s: leading dimension %zu is less than its %zu columns", name,
                v.stride[0], v.extent[1]);
  };
  if (Status s = check_ld("A", a); !s.ok()) return s;
  if (Status s = check_ld("B", b); !s.ok()) return s;
  if (Status s = check_ld("C", c); !s.ok()) return s;
  if (overlap(a, c) != Overlap::none || overlap(b, c) != Overlap::none)
    return fail(text, Code::invalid_argument, "C overlaps %s; gemm needs C in memory of its own",
                overlap(a, c) != Overlap::none ? "A" : "B");
  return {};
}

}  // namespace flynn

#pragma once
// flynn: the same number crunching on every machine of a lab. One function per workload; each takes Options at the end,
// runs on the best backend or on exactly the one that was asked for, and throws flynn::Error. Its try_ twin returns a
// Result instead. What each computes, its error bound and its cost stand at its spec in flynn/workloads/.
//
// Vectors are anything contiguous: std::vector, std::span, std::array, C arrays; and flynn::Array, which stays on the
// device that used it. Their lengths must agree.

#include <flynn/array.hpp>
#include <flynn/buffer.hpp>
#include <flynn/context.hpp>

namespace flynn {

namespace detail {
template <class R>
struct ElementOf {
  using type = std::remove_cv_t<std::ranges::range_value_t<R>>;
};
template <class T>
struct ElementOf<Array<T>> {
  using type = T;
};
template <class R>
using Element = typename ElementOf<std::remove_cvref_t<R>>::type;
template <class R>
concept IsArray = ArrayOf<R, Element<R>>;
template <class R>
concept Vector = IsArray<R> ||(std::ranges::contiguous_range<R>&& std::ranges::sized_range<R>);
}  // namespace detail

// ---- vector
// --------------------------------------------------------------------------------------------------------------

/// y = x
template <detail::Vector X, detail::Vector Y>
auto try_copy(const X& x, Y&& y, const Options& options = {}) {
  return try_run(Copy<detail::Element<X>>{x, y}, options);
}
template <detail::Vector X, detail::Vector Y>
auto copy(const X& x, Y&& y, const Options& options = {}) {
  return detail::value_or_throw(try_copy(x, y, options));
}

/// y = a x
template <detail::Vector X, detail::Vector Y>
auto try_mul(detail::Element<X> a, const X& x, Y&& y, const Options& options = {}) {
  return try_run(Mul<detail::Element<X>>{a, x, y}, options);
}
template <detail::Vector X, detail::Vector Y>
auto mul(detail::Element<X> a, const X& x, Y&& y, const Options& options = {}) {
  return detail::value_or_throw(try_mul(a, x, y, options));
}

/// z = x + y
template <detail::Vector X, detail::Vector Y, detail::Vector Z>
auto try_add(const X& x, const Y& y, Z&& z, const Options& options = {}) {
  return try_run(Add<detail::Element<X>>{x, y, z}, options);
}
template <detail::Vector X, detail::Vector Y, detail::Vector Z>
auto add(const X& x, const Y& y, Z&& z, const Options& options = {}) {
  return detail::value_or_throw(try_add(x, y, z, options));
}

/// y = a x + y
template <detail::Vector X, detail::Vector Y>
auto try_axpy(detail::Element<X> a, const X& x, Y&& y, const Options& options = {}) {
  return try_run(Axpy<detail::Element<X>>{a, x, y}, options);
}
template <detail::Vector X, detail::Vector Y>
auto axpy(detail::Element<X> a, const X& x, Y&& y, const Options& options = {}) {
  return detail::value_or_throw(try_axpy(a, x, y, options));
}

/// z = x + a y
template <detail::Vector X, detail::Vector Y, detail::Vector Z>
auto try_triad(detail::Element<X> a, const X& x, const Y& y, Z&& z, const Options& options = {}) {
  return try_run(Triad<detail::Element<X>>{a, x, y, z}, options);
}
template <detail::Vector X, detail::Vector Y, detail::Vector Z>
auto triad(detail::Element<X> a, const X& x, const Y& y, Z&& z, const Options& options = {}) {
  return detail::value_or_throw(try_triad(a, x, y, z, options));
}

// ---- reduce
// --------------------------------------------------------------------------------------------------------------

/// The sum of x; integers in 64 bits.
template <detail::Vector X>
auto try_sum(const X& x, const Options& options = {}) {
  return try_run(Sum<detail::Element<X>>{x, {}}, options);
}
template <detail::Vector X>
auto sum(const X& x, const Options& options = {}) {
  return detail::value_or_throw(try_sum(x, options));
}

/// The dot product of x and y.
template <detail::Vector X, detail::Vector Y>
auto try_dot(const X& x, const Y& y, const Options& options = {}) {
  return try_run(Dot<detail::Element<X>>{x, y, {}}, options);
}
template <detail::Vector X, detail::Vector Y>
auto dot(const X& x, const Y& y, const Options& options = {}) {
  return detail::value_or_throw(try_dot(x, y, options));
}

/// The Euclidean norm of x.
template <detail::Vector X>
auto try_norm2(const X& x, const Options& options = {}) {
  return try_run(Norm2<detail::Element<X>>{x, {}}, options);
}
template <detail::Vector X>
auto norm2(const X& x, const Options& options = {}) {
  return detail::value_or_throw(try_norm2(x, options));
}

/// The smallest element of x; a NaN wins.
template <detail::Vector X>
auto try_min(const X& x, const Options& options = {}) {
  return try_run(Min<detail::Element<X>>{x, {}}, options);
}
template <detail::Vector X>
auto min(const X& x, const Options& options = {}) {
  return detail::value_or_throw(try_min(x, options));
}

/// The largest element of x; a NaN wins.
template <detail::Vector X>
auto try_max(const X& x, const Options& options = {}) {
  return try_run(Max<detail::Element<X>>{x, {}}, options);
}
template <detail::Vector X>
auto max(const X& x, const Options& options = {}) {
  return detail::value_or_throw(try_max(x, options));
}

/// The index of the first smallest element of x.
template <detail::Vector X>
auto try_argmin(const X& x, const Options& options = {}) {
  return try_run(Argmin<detail::Element<X>>{x, {}}, options);
}
template <detail::Vector X>
auto argmin(const X& x, const Options& options = {}) {
  return detail::value_or_throw(try_argmin(x, options));
}

/// The index of the first largest element of x.
template <detail::Vector X>
auto try_argmax(const X& x, const Options& options = {}) {
  return try_run(Argmax<detail::Element<X>>{x, {}}, options);
}
template <detail::Vector X>
auto argmax(const X& x, const Options& options = {}) {
  return detail::value_or_throw(try_argmax(x, options));
}

// ---- scan
// ----------------------------------------------------------------------------------------------------------------

/// y_i = init + x_0 + ... + x_i; y may be x.
template <detail::Vector X, detail::Vector Y>
auto try_inclusive_scan(const X& x, Y&& y, detail::Element<X> init = {}, const Options& options = {}) {
  return try_run(Scan<detail::Element<X>>{x, y, init, false}, options);
}
template <detail::Vector X, detail::Vector Y>
auto inclusive_scan(const X& x, Y&& y, detail::Element<X> init = {}, const Options& options = {}) {
  return detail::value_or_throw(try_inclusive_scan(x, y, init, options));
}

/// y_i = init + x_0 + ... + x_(i-1), so y_0 = init; y may be x.
template <detail::Vector X, detail::Vector Y>
auto try_exclusive_scan(const X& x, Y&& y, detail::Element<X> init = {}, const Options& options = {}) {
  return try_run(Scan<detail::Element<X>>{x, y, init, true}, options);
}
template <detail::Vector X, detail::Vector Y>
auto exclusive_scan(const X& x, Y&& y, detail::Element<X> init = {}, const Options& options = {}) {
  return detail::value_or_throw(try_exclusive_scan(x, y, init, options));
}

// ---- gemm
// ----------------------------------------------------------------------------------------------------------------

/// A row-major matrix in memory: element (i, j) is data[i * ld + j].
template <class T>
struct Matrix {
  T* data;
  std::size_t rows, columns, ld;
  Resident* resident = nullptr;
  Matrix(T* data, std::size_t rows, std::size_t columns) : Matrix(data, rows, columns, columns) {}
  Matrix(T* data, std::size_t rows, std::size_t columns, std::size_t ld)
      : data(data), rows(rows), columns(columns), ld(ld) {}
  /// In an Array, from its begin.
  template <ArrayOf<T> A>
  Matrix(A& array, std::size_t rows, std::size_t columns) : Matrix(array, rows, columns, columns) {}
  template <ArrayOf<T> A>
  Matrix(A& array, std::size_t rows, std::size_t columns, std::size_t ld)
      : data(array.address()), rows(rows), columns(columns), ld(ld), resident(&array.resident()) {}
};
template <class T>
Matrix(Array<T>&, std::size_t, std::size_t) -> Matrix<T>;
template <class T>
Matrix(const Array<T>&, std::size_t, std::size_t) -> Matrix<const T>;
template <class T>
Matrix(Array<T>&, std::size_t, std::size_t, std::size_t) -> Matrix<T>;
template <class T>
Matrix(const Array<T>&, std::size_t, std::size_t, std::size_t) -> Matrix<const T>;

namespace detail {
template <class V, class T>
V matrix_view(const Matrix<T>& matrix) {
  V view(matrix.data, matrix.rows, matrix.columns, matrix.ld);
  view.resident = matrix.resident;
  return view;
}
}  // namespace detail

/// C = alpha op(A) op(B) + beta C; op(A) is m x k, op(B) is k x n, C is m x n.
template <class A, class B, class T>
auto try_gemm(std::type_identity_t<T> alpha, Matrix<A> a, Op op_a, Matrix<B> b, Op op_b, std::type_identity_t<T> beta,
              Matrix<T> c, const Options& options = {}) {
  return try_run(Gemm<T>{.alpha = alpha,
                         .a = detail::matrix_view<In<T, 2>>(a),
                         .op_a = op_a,
                         .b = detail::matrix_view<In<T, 2>>(b),
                         .op_b = op_b,
                         .beta = beta,
                         .c = detail::matrix_view<InOut<T, 2>>(c)},
                 options);
}
template <class A, class B, class T>
void gemm(std::type_identity_t<T> alpha, Matrix<A> a, Op op_a, Matrix<B> b, Op op_b, std::type_identity_t<T> beta,
          Matrix<T> c, const Options& options = {}) {
  detail::value_or_throw(try_gemm(alpha, a, op_a, b, op_b, beta, c, options));
}
/// C = A B.
template <class A, class B, class T>
void gemm(Matrix<A> a, Matrix<B> b, Matrix<T> c, const Options& options = {}) {
  gemm(T(1), a, Op::none, b, Op::none, T(0), c, options);
}

// ---- factorize
// -----------------------------------------------------------------------------------------------------------

/// The prime factors of each number, any below 2^64.
FLYNN_API Result<Factors> try_factorize(std::span<const std::uint64_t> numbers, const Options& options = {});
inline Factors factorize(std::span<const std::uint64_t> numbers, const Options& options = {}) {
  return detail::value_or_throw(try_factorize(numbers, options));
}

}  // namespace flynn

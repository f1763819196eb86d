#include <algorithm>

#include <cpu_fallback/kernels.hpp>

namespace flynn::scalar {
namespace {

/// Columns of C that are made together, so that B is read along its rows: 64 sums of 8 bytes stay in L1.
constexpr std::size_t strip = 64;

/// sums[j] = the sum over k of op(A)(i, k) op(B)(k, begin of columns + j), in double. The range of k is halved down to
/// 256 terms, so the error grows with the logarithm of k only.
template <class T>
void dot_products(const Gemm<T>& w, std::size_t i, Range columns, Range k, double* sums) {
  const auto a = [&](std::size_t p) { return double(w.op_a == Op::none ? w.a(i, p) : w.a(p, i)); };
  const auto b = [&](std::size_t p, std::size_t j) { return double(w.op_b == Op::none ? w.b(p, j) : w.b(j, p)); };
  std::fill_n(sums, columns.size(), 0.0);
  if (k.size() <= 256) {
    for (std::size_t p = k.begin; p < k.end; ++p)
      for (std::size_t j = 0; j < columns.size(); ++j) sums[j] += a(p) * b(p, columns.begin + j);
    return;
  }
  const std::size_t middle = k.begin + k.size() / 2;
  double upper[strip];
  dot_products(w, i, columns, {k.begin, middle}, sums);
  dot_products(w, i, columns, {middle, k.end}, upper);
  for (std::size_t j = 0; j < columns.size(); ++j) sums[j] += upper[j];
}

}  // namespace

template <class T>
Status gemm(const Gemm<T>& w, Execution& execution) {
  for (std::size_t begin = 0; begin < w.n(); begin += strip)
    for (std::size_t i = 0; i < w.m(); ++i) {
      if (Status s = poll(execution); !s.ok()) return s;
      const Range columns{begin, std::min(begin + strip, w.n())};
      double sums[strip] = {};
      if (w.reads_ab()) dot_products(w, i, columns, {0, w.k()}, sums);
      for (std::size_t j = 0; j < columns.size(); ++j) {
        T& c = w.c(i, columns.begin + j);
        const double product = w.reads_ab() ? w.alpha * sums[j] : 0;
        c = T(w.beta == T(0) ? product : product + double(w.beta) * c);
      }
    }
  return {};
}

template Status gemm(const Gemm<float>&, Execution&);
template Status gemm(const Gemm<double>&, Execution&);

}  // namespace flynn::scalar

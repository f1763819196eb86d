#pragma once
#include <cfloat>

#include <tests/samples/sample.hpp>

namespace flynn::samples {

/// A sum of products with about twice the digits of double: every product and every sum keeps its rounding error
/// (Ogita, Rump, Oishi: "Accurate Sum and Dot Product", SIAM J. Sci. Comput. 26, 2005, algorithm Dot2).
class Dot2 {
 public:
  /// Adds (a + a_rest) b.
  void add(double a, double b, double a_rest = 0) {
    const double product = a * b, sum = sum_ + product, z = sum - sum_;
    error_ += std::fma(a, b, -product) + a_rest * b + ((sum_ - (sum - z)) + (product - z));
    sum_ = sum;
    magnitude_ += std::fabs(product);
  }
  double value() const { return sum_ + error_; }
  double magnitude() const { return magnitude_; }  ///< the sum of the absolute values of the terms

 private:
  double sum_ = 0, error_ = 0, magnitude_ = 0;
};

template <class T>
struct Sample<Gemm<T>> {
  static std::vector<std::size_t> sizes() { return {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 127, 193, 257}; }

  static constexpr std::string_view params[] = {"", "a-transposed", "16-columns", "16-rows", "16-terms"};

  /// C of n x n with k = n, or as params say. op(B) is transposed, so that packing has to work, or op(A) is.
  static Gemm<T> shape(std::size_t n, std::string_view params = {}) {
    const std::size_t rows = params == "16-rows" ? 16 : n, columns = params == "16-columns" ? 16 : n;
    const std::size_t terms = params == "16-terms" ? 16 : n;
    Gemm<T> w{.alpha = T(1.5),
              .a = {nullptr, rows, terms, terms},
              .b = {nullptr, columns, terms, terms},
              .op_b = Op::transpose,
              .beta = T(-0.5),
              .c = {nullptr, rows, columns, columns}};
    if (params == "a-transposed") std::swap(w.op_a, w.op_b);  // all are n x n
    return w;
  }

  /// The largest |got - exact| / (eps sum|terms|) over the elements that are looked at: all of a C of up to 128 x 128,
  /// else 64 rows and columns spread over it, always with the last ones.
  static Verdict judge(const Gemm<T>& got, const Gemm<T>& fresh) {
    constexpr double eps = std::numeric_limits<T>::epsilon();
    Verdict verdict{"max error / (eps sum|terms|)", 0, 16, true, {}};
    const auto rows = spread(got.m()), columns = spread(got.n());
    for (std::size_t i : rows)
      for (std::size_t j : columns) {
        const Dot2 exact = reference(fresh, i, j);
        const double error = std::fabs(double(got.c(i, j)) - exact.value());
        double ratio = error == 0 ? 0 : error / (eps * exact.magnitude());
        if (std::isnan(ratio)) ratio = INFINITY;  // else the next element would pass for a larger one
        if (ratio <= verdict.value) continue;
        verdict.value = ratio;
        verdict.where = "element (" + std::to_string(i) + ", " + std::to_string(j) + ") is " + text_of(got.c(i, j));
      }
    verdict.pass = verdict.value <= verdict.limit;
    if (verdict.pass) verdict.where.clear();
    return verdict;
  }

  /// Twice the bound, at one element.
  static void plant(const Gemm<T>& got) {
    T& element = got.c(got.m() - 1, got.n() - 1);
    element += T(32 * double(std::numeric_limits<T>::epsilon()) * (std::fabs(double(element)) + 2.0 * double(got.k())));
  }

 private:
  static std::vector<std::size_t> spread(std::size_t n) {
    const std::size_t count = std::min<std::size_t>(n, n <= 128 ? 128 : 64);
    std::vector<std::size_t> places(count);
    for (std::size_t i = 0; i < count; ++i) places[i] = count < n ? i * (n - 1) / (count - 1) : i;
    return places;
  }

  static Dot2 reference(const Gemm<T>& w, std::size_t i, std::size_t j) {
    Dot2 sum;
    for (std::size_t p = 0; p < w.k(); ++p) {
      const double a = w.op_a == Op::none ? w.a(i, p) : w.a(p, i), b = w.op_b == Op::none ? w.b(p, j) : w.b(j, p);
      const double scaled = double(w.alpha) * a;
      sum.add(scaled, b, std::fma(double(w.alpha), a, -scaled));
    }
    if (w.beta != T(0)) sum.add(w.beta, w.c(i, j));
    return sum;
  }
};

}  // namespace flynn::samples

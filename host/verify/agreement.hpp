#pragma once
// When two results of a workload agree. The rule is that they have the same bits, as the spec promises for most; a
// workload whose answer is more, or less, than the bytes of its views has an overload of `agreement` here:
//
//   agreement(w)     made before the first run, while the inputs are there; then it is called as
//   (a, b, report)   for the results of two runs, and calls report(index, x, y) for each element on which they differ

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <flynn/workloads.hpp>

namespace flynn {

/// All NaN are equal: CPUs and GPUs make different ones.
template <class T>
bool same_bits(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>)
    if (std::isnan(a) && std::isnan(b)) return true;
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

/// Calls f(index, x, y) for the elements of two views of the same shape; the index counts row by row.
template <class T, std::size_t Rank>
void each_pair(const View<T, Rank>& a, const View<T, Rank>& b, auto&& f) {
  if constexpr (Rank == 1) {
    for (std::size_t i = 0; i < a.size(); ++i) f(i, a[i], b[i]);
  } else {
    for (std::size_t i = 0; i < a.extent[0]; ++i)
      for (std::size_t j = 0; j < a.extent[1]; ++j) f(i * a.extent[1] + j, a(i, j), b(i, j));
  }
}

/// The same for all that two runs of a workload have written, or reduced to.
template <Spec W>
void each_result(W a, W b, auto&& f) {
  if constexpr (Reduces<W>) {
    f(std::size_t{0}, W::finish(a.result[0]), W::finish(b.result[0]));
  } else {
    const void* others[8];
    std::size_t count = 0, at = 0;
    b.each_buffer([&](auto& view) { others[count++] = &view; });
    a.each_buffer([&](auto& view) {
      using V = std::remove_reference_t<decltype(view)>;
      const V& other = *static_cast<const V*>(others[at++]);
      if constexpr (V::access != Access::read) each_pair(view, other, f);
    });
  }
}

/// A value as people read it, with all of its bits.
template <class T>
std::string text_of(T x) {
  char text[64];
  if constexpr (std::is_floating_point_v<T>)
    std::snprintf(text, sizeof text, "%.9g (%a)", double(x), double(x));
  else
    std::snprintf(text, sizeof text, "%s", std::to_string(x).c_str());
  return text;
}

template <Spec W>
auto agreement(const W&) {
  return [](const W& a, const W& b, auto&& report) {
    each_result(a, b, [&](std::size_t i, auto x, auto y) {
      if (!same_bits(x, y)) report(i, x, y);
    });
  };
}

/// The Euclidean norms of the rows of op(A), or of the columns of op(B).
template <class T>
std::vector<double> norms(const View<const T, 2>& x, bool of_rows) {
  std::vector<double> squares(x.extent[of_rows ? 0 : 1]);
  for (std::size_t i = 0; i < x.extent[0]; ++i)
    for (std::size_t j = 0; j < x.extent[1]; ++j) squares[of_rows ? i : j] += double(x(i, j)) * double(x(i, j));
  for (double& s : squares) s = std::sqrt(s);
  return squares;
}

/// Each element is within 16 eps of the sum of the absolute values of its terms, so two are within 32; by Cauchy and
/// Schwarz that sum is at most |alpha| norm(row of A) norm(column of B) + |beta c|. 33 has room for the rounding of the
/// norms. Where the bound is not finite nothing is promised.
template <class T>
auto agreement(const Gemm<T>& w) {
  std::vector<double> rows(w.m()), columns(w.n()), added(w.beta == T(0) ? 0 : w.m() * w.n());
  if (w.reads_ab()) rows = norms<T>(w.a, w.op_a == Op::none), columns = norms<T>(w.b, w.op_b != Op::none);
  if (!added.empty())
    each_pair(w.c, w.c, [&](std::size_t i, T c, T) { added[i] = std::fabs(double(w.beta) * double(c)); });
  return [alpha = std::fabs(double(w.alpha)), rows = std::move(rows), columns = std::move(columns),
          added = std::move(added)](const Gemm<T>& a, const Gemm<T>& b, auto&& report) {
    constexpr double limit = 33 * double(std::numeric_limits<T>::epsilon());
    each_pair(a.c, b.c, [&](std::size_t i, T x, T y) {
      const double terms =
          alpha * rows[i / columns.size()] * columns[i % columns.size()] + (added.empty() ? 0 : added[i]);
      if (std::isfinite(terms) && !(std::fabs(double(x) - double(y)) <= limit * terms)) report(i, x, y);
    });
  };
}

/// What lies between the rows of the windows is unspecified.
template <class T>
auto agreement(const Factorize<T>&) {
  return [](const Factorize<T>& a, const Factorize<T>& b, auto&& report) {
    std::size_t at_a = 0, at_b = 0;
    for (std::size_t i = 0; i < a.numbers.size(); ++i) {
      if (i % Factorize<T>::group == 0) at_a = at_b = Factorize<T>::row_capacity * i;
      if (a.counts[i] != b.counts[i])
        report(i, a.counts[i], b.counts[i]);
      else
        for (std::size_t j = 0; j < a.counts[i]; ++j)
          if (a.primes[at_a + j] != b.primes[at_b + j] || a.exponents[at_a + j] != b.exponents[at_b + j]) {
            report(i, a.primes[at_a + j], b.primes[at_b + j]);
            break;
          }
      at_a += a.counts[i], at_b += b.counts[i];
    }
  };
}

}  // namespace flynn

#pragma once
// Gemm of any shape, filled and judged, on every backend and every instruction set of this build.

#include <gtest/gtest.h>

#include <span>

#include <flynn/backend.hpp>
#include <host/pools/scratch.hpp>
#include <simd/kernels.hpp>
#include <tests/samples/gemm.hpp>
#include <tests/seed.hpp>

namespace flynn::samples {

inline constexpr Op N = Op::none, X = Op::transpose;
inline constexpr Op ops[][2] = {{N, N}, {N, X}, {X, N}, {X, X}};

struct Shape {
  std::size_t m, n, k;
  std::size_t padding = 0;  ///< between the rows of A, B and C
  Op op_a = N, op_b = N;
};

inline std::ostream& operator<<(std::ostream& out, const Shape& s) {
  return out << s.m << " x " << s.n << " x " << s.k << ", padding " << s.padding << ", ops " << int(s.op_a)
             << int(s.op_b);
}

/// alpha and beta are those of the sample, 1.5 and -0.5. The paddings of A and B are NaN: nothing may read them.
template <class T>
Gemm<T> make_gemm(const Shape& s, Memory& memory, Values values = Values::zero_mean) {
  auto stored = [&](auto& view, Op op, std::size_t rows, std::size_t columns) {
    if (op == Op::transpose) std::swap(rows, columns);
    view = {nullptr, rows, columns, columns + s.padding};
  };
  Gemm<T> w{.alpha = T(1.5), .a = {}, .op_a = s.op_a, .b = {}, .op_b = s.op_b, .beta = T(-0.5), .c = {}};
  stored(w.a, s.op_a, s.m, s.k);
  stored(w.b, s.op_b, s.k, s.n);
  stored(w.c, N, s.m, s.n);
  allocate(w, memory, test_seed(), values);
  auto spoil_padding = [](auto& view) {
    auto* data = const_cast<T*>(view.data);
    for (std::size_t i = 0; i < view.footprint(); ++i)
      if (i % view.stride[0] >= view.extent[1]) data[i] = std::numeric_limits<T>::quiet_NaN();
  };
  spoil_padding(w.a), spoil_padding(w.b);
  return w;
}

/// Elements of a matrix as a vector; the footprint with its padding.
template <class V>
auto memory_of(const V& view) {
  return std::vector<typename V::element>(view.data, view.data + view.footprint());
}

template <class T>
void fill(const View<T, 2>& view, auto value) {
  for (std::size_t i = 0; i < view.extent[0]; ++i)
    for (std::size_t j = 0; j < view.extent[1]; ++j) const_cast<std::remove_const_t<T>&>(view(i, j)) = T(value(i, j));
}

/// The kernel of one instruction set.
template <class T>
Status run_arch(std::string_view arch, const Gemm<T>& w, Execution& execution) {
  const Backend& backend = *simd::backend_for(arch);
  for (const Row& row : std::span(backend.rows, backend.row_count))
    if (row.id == spec_info<Gemm<T>>().id) return row.run(&w, execution);
  return {Code::unsupported};
}

/// Runs on a backend ("threads") or on the kernels of an instruction set ("simd/avx2").
class GemmTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (is_arch() && !simd::backend_for(arch())) GTEST_SKIP() << "this CPU does not run " << arch();
    if (is_arch()) return;
    if (const BackendInfo info = Context::standard().backend(GetParam()); !info.available) GTEST_SKIP() << info.reason;
  }
  static bool is_arch() { return GetParam().starts_with("simd/"); }
  static std::string arch() { return GetParam().substr(5); }

  template <class T>
  static void run(const Gemm<T>& w) {
    Text text;
    if (is_arch()) {
      Execution execution{.text = &text, .scratch = thread_scratch};
      ASSERT_TRUE(run_arch(arch(), w, execution).ok()) << text.message;
    } else {
      const auto done = try_run(w, {.backend = GetParam()});
      ASSERT_TRUE(done) << done.error().what();
    }
  }

  /// Runs one shape for both types and judges the result and the padding of C.
  template <class T>
  static void check(const Shape& shape, Values values = Values::zero_mean) {
    Buffers memory;
    const auto got = make_gemm<T>(shape, memory, values), fresh = make_gemm<T>(shape, memory, values);
    run(got);
    const Verdict verdict = Sample<Gemm<T>>::judge(got, fresh);
    EXPECT_TRUE(verdict.pass) << shape << ": " << verdict.value << " " << verdict.metric << ", " << verdict.where;
    for (std::size_t i = 0; i < got.c.footprint(); ++i)
      if (i % got.c.stride[0] >= got.c.extent[1]) {
        ASSERT_TRUE(same_bits(got.c.data[i], fresh.c.data[i])) << shape << ": padding of C at " << i;
      }
  }
  static void check_both(const Shape& shape, Values values = Values::zero_mean) {
    check<float>(shape, values);
    check<double>(shape, values);
  }
};

}  // namespace flynn::samples

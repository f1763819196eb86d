// How gemm's matrices are put to cuBLAS, which counts along columns. The library behind it is fakes/libcublas.cpp.

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <vector>

#include <flynn/flynn.hpp>
#include <kernels/cuda/cublas.hpp>

#include "seed.hpp"

namespace flynn {
namespace {

template <class T>
void check(Op op_a, Op op_b, std::size_t m, std::size_t n, std::size_t k, T alpha, T beta) {
  ASSERT_TRUE(cuda::cublas()) << "the fake is not found";
  std::mt19937_64 random(test_seed());
  auto numbers = [&](std::size_t count) {
    std::vector<T> values(count);
    for (T& v : values) v = T(int(random() % 17) - 8);  // small integers: every sum is exact
    return values;
  };
  const bool turned_a = op_a == Op::transpose, turned_b = op_b == Op::transpose;
  const std::size_t a_rows = turned_a ? k : m, a_columns = turned_a ? m : k, lda = a_columns + 3;
  const std::size_t b_rows = turned_b ? n : k, b_columns = turned_b ? k : n, ldb = b_columns + 1, ldc = n + 2;
  const std::vector<T> a = numbers(a_rows * lda), b = numbers(b_rows * ldb), c = numbers(m * ldc);
  std::vector<T> got = c, expected = c;
  Gemm<T> w{.alpha = alpha,
            .a = {a.data(), a_rows, a_columns, lda},
            .op_a = op_a,
            .b = {b.data(), b_rows, b_columns, ldb},
            .op_b = op_b,
            .beta = beta,
            .c = {expected.data(), m, n, ldc}};
  run(w, {.backend = "scalar"});
  for (std::size_t begin = 0; begin < k; begin += 5)  // in several goes, as for a long sum
    ASSERT_TRUE(cuda::multiply(*cuda::cublas(), nullptr, w, Range{begin, std::min(k, begin + 5)},
                               begin == 0 ? beta : T(1), a.data(), b.data(), got.data()));
  EXPECT_EQ(got, expected) << m << " x " << n << " x " << k << (turned_a ? ", A transposed" : "")
                           << (turned_b ? ", B transposed" : "");
}

TEST(Cublas, GetsTheMatricesRight) {
  for (Op op_a : {Op::none, Op::transpose})
    for (Op op_b : {Op::none, Op::transpose}) {
      check<float>(op_a, op_b, 4, 7, 12, 1, 0);
      check<float>(op_a, op_b, 9, 2, 5, 2, 3);
      check<double>(op_a, op_b, 1, 6, 11, -1, 1);
    }
}

TEST(Cublas, TellsOfARefusal) {
  const std::vector<float> a(4), b(4);
  std::vector<float> c(4);
  const Gemm<float> w{.alpha = 77,
                      .a = {a.data(), 2, 2, 2},
                      .op_a = Op::none,
                      .b = {b.data(), 2, 2, 2},
                      .op_b = Op::none,
                      .beta = 0,
                      .c = {c.data(), 2, 2, 2}};
  EXPECT_FALSE(cuda::multiply(*cuda::cublas(), nullptr, w, Range{0, 2}, 0.0f, a.data(), b.data(), c.data()));
}

}  // namespace
}  // namespace flynn

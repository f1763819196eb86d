// Answers by hand and the laws of sum, dot, norm2, min, max, argmin and argmax.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include <tests/backends.hpp>
#include <tests/samples/sample.hpp>
#include <tests/seed.hpp>

namespace flynn {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
using V = std::vector<double>;

class ReduceTest : public OnEachBackend {};

TEST_P(ReduceTest, GivesTheAnswersByHand) {
  EXPECT_EQ(sum(V{1, 2, 3.5}, options()), 6.5);
  EXPECT_EQ(dot(V{1, 2, 3}, V{4, -5, 6}, options()), 12);
  EXPECT_EQ(norm2(V{3, 4}, options()), 5);
  EXPECT_EQ(min(V{3, -4, 7}, options()), -4);
  EXPECT_EQ(max(V{3, -4, 7}, options()), 7);
  EXPECT_EQ(argmin(V{3, -4, 7, -4}, options()), 1u);
  EXPECT_EQ(argmax(V{3, 7, -4, 7}, options()), 1u);
}

TEST_P(ReduceTest, SumOfNothingIsPlusZeroAndOfMinusZerosMinusZero) {
  const double nothing = sum(V{}, options()), zeros = sum(V(5, -0.0), options());
  EXPECT_TRUE(nothing == 0 && !std::signbit(nothing));
  EXPECT_TRUE(zeros == 0 && std::signbit(zeros));
  EXPECT_FALSE(std::signbit(dot(V{}, V{}, options())));
}

TEST_P(ReduceTest, IntegersAreSummedIn64BitsAndWrap) {
  EXPECT_EQ(sum(std::vector<std::int32_t>(3, std::numeric_limits<std::int32_t>::min()), options()),
            -3 * (std::int64_t{1} << 31));
  EXPECT_EQ(sum(std::vector<std::uint32_t>(3, ~0u), options()), 3 * std::uint64_t{0xffffffff});
  EXPECT_EQ(sum(std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::max(), 2}, options()),
            std::numeric_limits<std::int64_t>::min() + 1);
}

template <class T>
void expect_full_sum(T extreme, const Options& options) {
  // 2^18 + 2^14 + 5 of them: the lanes of a vector overflow if they are added up too long in 32 bits.
  const std::vector<T> x((1 << 18) + (1 << 14) + 5, extreme);
  EXPECT_EQ(sum(x, options), SumOf<T>(x.size()) * SumOf<T>(extreme));
}

TEST_P(ReduceTest, ManyExtremeIntegersDoNotOverflow) {
  expect_full_sum(std::numeric_limits<std::int32_t>::min(), options());
  expect_full_sum(std::numeric_limits<std::int32_t>::max(), options());
  expect_full_sum(std::int32_t{-1}, options());
  expect_full_sum(std::numeric_limits<std::uint32_t>::max(), options());
  expect_full_sum(std::uint32_t{0xffff}, options());
}

TEST_P(ReduceTest, AddsInTheOrderOfTheTree) {
  // In lane 0 of block 0: 2^53, then 1 (lost), then -2^53. Any other order of these three gives 1.
  V x(1024);
  x[0] = 0x1p53, x[32] = 1, x[64] = -0x1p53;
  EXPECT_EQ(sum(x, options()), 0);
  // In three blocks the tree is (b0 + b1) + b2: 1 is lost in 2^53 + 1.
  V y(3 * 1024);
  y[0] = 0x1p53, y[1024] = 1, y[2048] = -0x1p53;
  EXPECT_EQ(sum(y, options()), 0);
  // In four, (b0 + b1) + (b2 + b3): 1 and -2^53 meet first and make -2^53 + 1, which is exact.
  V z(4 * 1024);
  z[0] = 0x1p53, z[2048] = 1, z[3072] = -0x1p53;
  EXPECT_EQ(sum(z, options()), 1);
}

TEST_P(ReduceTest, ExtremaFollowTheStandard) {
  EXPECT_TRUE(std::isnan(min(V{1, nan, -inf}, options())));
  EXPECT_TRUE(std::isnan(max(V{1, -nan, inf}, options())));
  EXPECT_EQ(argmin(V{1, -inf, nan, -nan}, options()), 2u);
  EXPECT_TRUE(std::signbit(min(V{0.0, -0.0, 0.0}, options())));
  EXPECT_FALSE(std::signbit(max(V{-0.0, 0.0, -0.0}, options())));
  EXPECT_EQ(argmin(V{0.0, -0.0, 0.0}, options()), 1u);
  EXPECT_EQ(max(V{-inf, -5}, options()), -5);
}

/// Wherever it stands, and beside whatever else: in whole vectors, in the rest behind them, in a chunk of its own.
TEST_P(ReduceTest, OneZeroOrNanIsFoundAnywhere) {
  constexpr std::size_t n = 5000;
  for (std::size_t at : {0, 1, 7, 63, 64, 2047, 2048, 4095, 4096, 4991, 4999}) {
    for (float beside : {0.f, 3.f}) {  // no number is less: only the sign tells
      std::vector<float> x(n, beside);
      x[at] = -0.f;
      EXPECT_TRUE(std::signbit(min(x, options()))) << at;
      EXPECT_EQ(argmin(x, options()), at);
    }
    for (double beside : {-0.0, -3.0}) {
      V x(n, beside);
      x[at] = 0.0;
      EXPECT_FALSE(std::signbit(max(x, options()))) << at;
      EXPECT_EQ(argmax(x, options()), at);
    }
    for (float sign : {1.f, -1.f}) {
      std::vector<float> x(n, 1.f);
      x[at] = std::copysign(std::numeric_limits<float>::quiet_NaN(), sign);
      EXPECT_TRUE(std::isnan(min(x, options())) && std::isnan(max(x, options()))) << at;
      EXPECT_EQ(argmin(x, options()), at);
      x[n - 1 - at] = -std::numeric_limits<float>::infinity();
      EXPECT_TRUE(std::isnan(max(x, options())) || n - 1 - at == at);
    }
  }
}

TEST_P(ReduceTest, RefusesAnExtremumOfNothing) {
  const auto none = try_min(V{}, options());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::invalid_argument);
  EXPECT_EQ(none.error().text(), "min of no elements is not defined");
}

TEST_P(ReduceTest, StaysWithinItsBound) {
  // The bound at sum.hpp against a sum in 64 more bits, on zero-mean and on positive numbers.
  const std::size_t n = 300'007;
  for (auto values : {samples::Values::zero_mean, samples::Values::positive}) {
    std::vector<float> x(n);
    double exact = 0, magnitude = 0;  // f32 in f64: the error of these is below 2^-10 of what is judged
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = samples::value_at<float>(samples::Random(test_seed()), i, values);
      exact += x[i];
      magnitude += std::fabs(x[i]);
    }
    const double bound = (37 + std::log2(double(n) / 1024)) * std::numeric_limits<float>::epsilon() * magnitude;
    EXPECT_LE(std::fabs(sum(x, options()) - exact), bound);
    EXPECT_LE(std::fabs(sum(x, options()) - exact), 16 * std::numeric_limits<float>::epsilon() * magnitude);
  }
}

INSTANTIATE_TEST_SUITE_P(, ReduceTest, host_and_device_backends(), backend_name);

}  // namespace
}  // namespace flynn

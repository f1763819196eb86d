// Answers by hand, in place, and what is refused, for copy, mul, add, axpy and triad.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include <tests/backends.hpp>

namespace flynn {
namespace {

using V = std::vector<double>;

class VectorTest : public OnEachBackend {};

TEST_P(VectorTest, GivesTheAnswersByHand) {
  const V x = {1, -2, 0.5}, y = {4, 0, -1};
  V z(3);
  flynn::copy(x, z, options());  // qualified: std::copy takes three arguments too
  EXPECT_EQ(z, x);
  mul(2.0, x, z, options());
  EXPECT_EQ(z, (V{2, -4, 1}));
  add(x, y, z, options());
  EXPECT_EQ(z, (V{5, -2, -0.5}));
  triad(3.0, x, y, z, options());
  EXPECT_EQ(z, (V{13, -2, -2.5}));
  z = y;
  axpy(10.0, x, z, options());
  EXPECT_EQ(z, (V{14, -20, 4}));
}

TEST_P(VectorTest, RoundsTheProductBeforeTheSum) {
  // (1 + e)^2 = 1 + 2e + e^2; e^2 is lost when the product is rounded, and an FMA would keep it.
  const double e = 0x1p-52, a = 1 + e;
  const V x(64, a);
  V y(64, -(1 + 2 * e));
  axpy(a, x, y, options());
  for (double v : y) EXPECT_EQ(v, 0);
}

TEST_P(VectorTest, WorksInPlace) {
  V x(1000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = double(i);
  add(x, x, x, options());
  mul(0.5, x, x, options());
  triad(1.0, x, x, x, options());
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(x[i], 2.0 * double(i));
}

TEST_P(VectorTest, RefusesShapesThatDiffer) {
  const V x(3), y(4);
  V z(3);
  const auto done = try_add(x, y, z, options());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::invalid_argument);
  EXPECT_EQ(done.error().text(), "x has 3 elements and y has 4; they must be equal");
}

TEST_P(VectorTest, RefusesAShiftedOverlap) {
  V x(10, 1.0);
  const auto done = try_copy(std::span(x).first(9), std::span(x).last(9), options());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::invalid_argument);
  EXPECT_EQ(x, V(10, 1.0));
}

TEST_P(VectorTest, RefusesNullAndOverflow) {
  EXPECT_TRUE(try_run(Copy<float>{{nullptr, 0}, {nullptr, 0}}, options()));
  const auto null = try_run(Copy<float>{{nullptr, 5}, {nullptr, 5}}, options());
  ASSERT_FALSE(null);
  EXPECT_EQ(null.error().text(), "x: null pointer with 5 elements");
  float one = 1;
  const std::size_t huge = std::size_t{1} << 62;
  const auto overflow = try_run(Copy<float>{{&one, huge}, {&one, huge}}, options());
  ASSERT_FALSE(overflow);
  EXPECT_EQ(overflow.error().code(), Code::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(, VectorTest, host_and_device_backends(), backend_name);

}  // namespace
}  // namespace flynn

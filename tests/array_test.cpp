// Arrays: data that stays where it was used.

#include <gtest/gtest.h>

#include <numeric>
#include <thread>
#include <vector>

#include <tests/backends.hpp>

namespace flynn {
namespace {

constexpr std::size_t n = 100'000, bytes = n * sizeof(float);

std::vector<float> counted(std::size_t size) {
  std::vector<float> values(size);
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

class ArrayTest : public OnEachBackend {
 protected:
  Report report_;
  Options options() { return {.backend = GetParam(), .report = &report_}; }
  std::uint64_t moved() const { return report_.clocks.bytes_moved; }
};
INSTANTIATE_TEST_SUITE_P(, ArrayTest, ::testing::Values("opencl", "cuda"), backend_name);

TEST_P(ArrayTest, TenCallsMoveItOnceInAndOnceOut) {
  const Array<float> x(counted(n));
  Array<float> y(n);
  std::uint64_t in_calls = 0;
  for (int call = 0; call < 10; ++call) {
    axpy(2.0f, x, y, options());
    EXPECT_EQ(moved(), call == 0 ? 2 * bytes : 0) << call;
    in_calls += moved();
  }
  EXPECT_FALSE(y.is_on_host());
  EXPECT_EQ(std::as_const(y).host()[n - 1], 20.0f * float(n));
  EXPECT_TRUE(y.is_on_host());
  std::printf("10 calls moved %zu bytes, the look afterwards %zu; x and y have %zu each\n", std::size_t(in_calls),
              std::size_t(x.bytes_moved() + y.bytes_moved() - in_calls), bytes);
  EXPECT_EQ(x.bytes_moved(), bytes);
  EXPECT_EQ(y.bytes_moved(), 2 * bytes);
}

TEST_P(ArrayTest, ALookLeavesTheDevicesCopyGood) {
  Array<float> x(counted(n)), y(n);
  copy(x, y, options());
  EXPECT_EQ(std::as_const(y).host()[7], 8.0f);
  copy(y, x, options());
  EXPECT_EQ(moved(), 0u);
}

TEST_P(ArrayTest, AWriteOnTheHostGoesThere) {
  Array<float> x(counted(n)), y(n);
  copy(x, y, options());
  x.host()[7] = -1;
  copy(x, y, options());
  EXPECT_EQ(moved(), bytes);
  EXPECT_EQ(y.host()[7], -1.0f);
}

TEST_P(ArrayTest, WhatIsOnlyWrittenIsNotUploaded) {
  const std::vector<float> x(n, 3.0f);
  Array<float> y(n);
  copy(x, y, options());
  EXPECT_EQ(y.bytes_moved(), 0u);
  EXPECT_EQ(y.host()[n - 1], 3.0f);
}

TEST_P(ArrayTest, ACallOnTheHostBringsItHome) {
  Array<float> x(counted(n)), y(n);
  copy(x, y, options());
  for (const char* backend : {"scalar", "threads", "processes"}) {
    copy(x, y, options());
    axpy(1.0f, x, y, {.backend = backend, .report = &report_});
    EXPECT_EQ(moved(), std::string_view(backend) == "processes" ? 4 * bytes : bytes) << backend;  // of copies too
    EXPECT_FALSE(y.is_on_device());
    EXPECT_TRUE(x.is_on_device());
    EXPECT_EQ(std::as_const(y).host()[9], 20.0f);
  }
  axpy(1.0f, x, y, options());
  EXPECT_EQ(moved(), bytes);
  EXPECT_EQ(y.host()[9], 30.0f);
}

TEST_P(ArrayTest, ServesReductionsScansAndMatrices) {
  const Array<float> x(counted(64 * 64));
  Array<float> y(64 * 64);
  EXPECT_EQ(sum(x, options()), sum(x, {.backend = "scalar"}));
  inclusive_scan(x, y, 0.0f, options());
  inclusive_scan(y, y, 0.0f, options());
  EXPECT_EQ(moved(), 0u);
  const std::vector<float> ones(64, 1.0f);
  Array<float> product(64);
  gemm(Matrix(x, 64, 64), Matrix(ones.data(), 64, 1), Matrix(product, 64, 1), options());
  EXPECT_EQ(product.host()[0], 64 * 65 / 2);
}

/// The elements between the rows of a matrix are not the call's: they must survive its stay on the device.
TEST_P(ArrayTest, KeepsWhatLiesBetweenRows) {
  const std::vector<float> a(4, 1.0f), b(4, 1.0f);
  Array<float> c(counted(6));
  gemm(1.0f, Matrix(a.data(), 2, 2), Op::none, Matrix(b.data(), 2, 2), Op::none, 0.0f, Matrix(c, 2, 2, 3), options());
  const auto values = std::as_const(c).host();
  EXPECT_EQ(std::vector(values.begin(), values.end()), (std::vector<float>{2, 2, 3, 2, 2, 6}));
}

TEST_P(ArrayTest, IsRefusedWhenTooSmall) {
  Array<float> small(5);
  const std::vector<float> a(4);
  const auto done = try_gemm(1.0f, Matrix(a.data(), 2, 2), Op::none, Matrix(a.data(), 2, 2), Op::none, 0.0f,
                             Matrix(small, 2, 3), options());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::invalid_argument);
}

TEST_P(ArrayTest, MayBeReadByManyThreads) {
  const Array<float> x(counted(n));
  const float expected = sum(x, {.backend = "scalar"});
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int call = 0; call < 10; ++call) EXPECT_EQ(sum(x, {.backend = GetParam()}), expected);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(x.bytes_moved(), bytes);
}

/// While a long call runs, the data of the next one is already on its way.
TEST_P(ArrayTest, SubmitOverlapsUploads) {
  const std::size_t order = 1500;
  const Array<float> a(std::vector<float>(order * order, 1.0f)), x(counted(n));
  Array<float> c(order * order), y(n), unrelated(n);
  const Options plain{.backend = GetParam()};
  auto view = [&](const Array<float>& m) {
    In<float, 2> v(m.address(), order, order, order);
    v.resident = &m.resident();
    return v;
  };
  Gemm<float> product{};
  product.a = product.b = view(a);
  product.c = {c.address(), order, order, order};
  product.c.resident = &c.resident();
  auto first = submit(product, plain), second = submit(Axpy<float>{2.0f, x, y}, plain);
  auto third = submit(Axpy<float>{2.0f, y, unrelated}, plain);
  bool was_early = false;
  while (first.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
    was_early |= x.is_on_device() && y.is_on_device();
  EXPECT_TRUE(was_early);
  EXPECT_EQ(second.get().report.clocks.bytes_moved, 0u);
  third.get();
  EXPECT_EQ(unrelated.host()[9], 40.0f);
  EXPECT_EQ(std::as_const(c).host()[0], float(order));
}

TEST(Array, IsAVectorOnTheHost) {
  Array<double> x(10);
  EXPECT_EQ(sum(x, {.backend = "simd"}), 0.0);
  x.host()[3] = 5;
  EXPECT_EQ(max(x), 5.0);
  Array<double> y = std::move(x);
  EXPECT_EQ(y.size(), 10u);
  EXPECT_EQ(sum(y), 5.0);
  EXPECT_EQ(sum(Array<double>(0)), 0.0);
  const auto done = try_copy(y, Array<double>(9));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::invalid_argument);
}

}  // namespace
}  // namespace flynn

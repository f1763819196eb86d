// What is special about scan: the answers by hand and of exact arithmetic, in place, parts that give the bits of the
// whole.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include <flynn/buffer.hpp>
#include <tests/backends.hpp>
#include <tests/samples/random.hpp>

namespace flynn {
namespace {

class ScanTest : public OnEachBackend {};

TEST_P(ScanTest, GivesTheAnswersByHand) {
  const std::vector<double> x = {1, -2, 0.5};
  std::vector<double> y(3);
  flynn::inclusive_scan(x, y, 10.0, options());
  EXPECT_EQ(y, (std::vector<double>{11, 9, 9.5}));
  flynn::exclusive_scan(x, y, 10.0, options());
  EXPECT_EQ(y, (std::vector<double>{10, 11, 9}));
}

TEST_P(ScanTest, IntegersAreThoseOfTheStandardLibraryAndWrap) {
  const samples::Random random(1, 0);
  for (std::size_t n : {1u, 17u, 16384u, 100'003u}) {
    std::vector<std::uint32_t> x(n), y(n), expected(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = std::uint32_t(random.bits(i));
    std::inclusive_scan(x.begin(), x.end(), expected.begin(), std::plus<>(), 7u);
    flynn::inclusive_scan(x, y, 7u, options());
    ASSERT_EQ(y, expected) << n;
    std::exclusive_scan(x.begin(), x.end(), expected.begin(), 7u);
    flynn::exclusive_scan(x, y, 7u, options());
    ASSERT_EQ(y, expected) << n;
  }
}

TEST_P(ScanTest, InPlaceGivesTheSameBits) {
  const samples::Random random(2, 0);
  for (std::size_t n : {1000u, 16385u, 300'001u}) {
    std::vector<float> x(n), y(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = 2 * random.uniform<float>(i) - 1;
    flynn::exclusive_scan(x, y, 0.5f, options());
    flynn::exclusive_scan(x, x, 0.5f, options());
    ASSERT_EQ(x, y) << n;
  }
}

/// The largest |y_i - exact| / (eps sum|terms|) of an inclusive scan of f32, whose exact sums fit a double to 2^-29
/// eps.
double worst_ratio(const std::vector<float>& x, const std::vector<float>& y, double init) {
  double exact = init, magnitude = std::fabs(init), worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    exact += x[i];
    magnitude += std::fabs(x[i]);
    worst = std::max(worst, std::fabs(y[i] - exact) / (magnitude * 0x1p-23));
  }
  return worst;
}

TEST_P(ScanTest, StaysWithinTheBound) {
  const samples::Random random(3, 0);
  std::vector<float> x(1'000'003), y(x.size());
  for (const float shift : {-1.0f, 0.0f}) {  // zero mean, then positive
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = (shift == 0 ? 1 : 2) * random.uniform<float>(i) + shift;
    flynn::inclusive_scan(x, y, 1.0f, options());
    EXPECT_LE(worst_ratio(x, y, 1.0), 16) << "shift " << shift;
  }
}

TEST(ScanBound, SeesAPlainChain) {  // what the order of scan is for
  std::vector<float> x(1'000'003, 0.1f), y(x.size());
  std::inclusive_scan(x.begin(), x.end(), y.begin(), std::plus<>(), 1.0f);
  EXPECT_GT(worst_ratio(x, y, 1.0), 16);
}

/// Where two threads would be no faster.
TEST(ScanPlan, FewSegmentsAreOnePart) {
  Context context({.threads = 2});
  const std::vector<float> x(scan_segment * 7 / 4, 1);
  std::vector<float> y(x.size());
  for (int i = 0; i < 50; ++i) {
    Report report;
    inclusive_scan(x, y, 0.0f, {.backend = "threads", .report = &report, .context = &context});
    ASSERT_EQ(report.threads, 1u);
  }
}

TEST_P(ScanTest, RefusesAShiftedOverlap) {
  std::vector<double> x(100);
  const auto done = try_inclusive_scan(std::span(x).first(99), std::span(x).last(99), 0.0, options());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::invalid_argument);
}

TEST_P(ScanTest, ScansWhatNoCacheHolds) {  // with the stores that go past them
  const std::size_t n = 40'000'003;
  Buffer x(n * 4), y(n * 4);
  const std::span<float> from(static_cast<float*>(x.data()), n), to(static_cast<float*>(y.data()), n);
  for (std::size_t i = 0; i < n; ++i) from[i] = float(i % 7) - 3;
  flynn::exclusive_scan(from, to, 2.0f, options());
  double sum = 2;  // small integers: exact in any order
  for (std::size_t i = 0; i < n; ++i) {
    ASSERT_EQ(to[i], float(sum)) << i;
    sum += from[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ScanTest, host_and_device_backends(), backend_name);

}  // namespace
}  // namespace flynn

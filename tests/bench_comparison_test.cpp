// Who is compared with whom, and what a peer may do to a right answer.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include <bench/comparison.hpp>
#include <bench/selection.hpp>
#include <bench/statistics.hpp>
#include <bench/trial.hpp>

#include "seed.hpp"

namespace flynn::bench {
namespace {

Figure row_of(std::string_view name, bool is_peer, unsigned threads, double seconds) {
  Figure f{.spec = subjects()[0].info,
           .n = 1000,
           .cost = {.flops = 0, .bytes = 1000},
           .requested = name,
           .is_peer = is_peer};
  f.report.used = name;
  f.report.kind = name == "threads" ? FlynnClass::mimd_threads : FlynnClass::simd;
  f.report.threads = threads;
  f.samples = {seconds, seconds * 1.01, seconds * 0.99};
  f.summary = summarize(f.samples, 1);
  f.validation = Verdict{"", 0, 0, true, {}};
  return f;
}

TEST(Comparison, TakesTheFastestThatIsRight) {
  std::vector<Figure> group = {row_of("simd", false, 1, 4), row_of("threads", false, 2, 2), row_of("a", true, 1, 8),
                               row_of("a", true, 2, 3),     row_of("b", true, 1, 1),        row_of("b", true, 2, 1)};
  group[4].validation->pass = false;
  group[5].error = Error(Code::worker_died, "it crashed");
  const auto all = compare(group, 2, 1);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].backend, "simd");
  EXPECT_EQ(all[0].peer, "a");
  EXPECT_EQ(all[0].peer_threads, 1u);
  EXPECT_DOUBLE_EQ(all[0].ratio->value, 2);
  EXPECT_EQ(all[1].backend, "threads");
  EXPECT_EQ(all[1].peer_threads, 2u);
  EXPECT_DOUBLE_EQ(all[1].ratio->value, 1.5);
}

TEST(Comparison, WhoHasThreadsMayUseOne) {
  const auto all = compare(
      {row_of("simd", false, 1, 1), row_of("threads", false, 2, 2), row_of("a", true, 1, 3), row_of("a", true, 2, 4)},
      2, 1);
  EXPECT_EQ(all[1].backend, "simd");
  EXPECT_EQ(all[1].peer_threads, 1u);
  // A parallel backend that took one thread is no row of one thread.
  EXPECT_EQ(compare({row_of("threads", false, 1, 1), row_of("a", true, 1, 3)}, 2, 1)[0].backend, "");
}

TEST(Comparison, NobodyIsRight) {
  std::vector<Figure> group = {row_of("simd", false, 1, 1), row_of("a", true, 1, 3)};
  group[1].validation->pass = false;
  const auto all = compare(group, 1, 1);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].peer, "");
  EXPECT_FALSE(all[0].ratio);
}

/// What a peer may do to a right answer, and what not.
TEST(PeerVerdict, BoundOfTheOrder) {
  constexpr std::size_t n = 1000;
  const auto trial = subject_of("sum", "f32").prepare(n, 1);
  ASSERT_TRUE(trial->verify({.backend = "scalar"})->pass);
  auto& sum = *static_cast<float*>(trial->operands().back().data);
  const float right = sum, bound = float(8 + n) * 0x1p-23f;
  EXPECT_EQ(trial->judge_peer().value, 0);
  sum = right + 0.9f * bound;
  EXPECT_TRUE(trial->judge_peer().pass);
  sum = right + 1.2f * bound;
  EXPECT_FALSE(trial->judge_peer().pass);
  sum = right - 1.2f * bound;
  EXPECT_FALSE(trial->judge_peer().pass);
  sum = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(trial->judge_peer().pass);
}

/// The bound must notice what goes wrong in truth: a few elements that were left out.
TEST(PeerVerdict, MissingElements) {
  const auto trial = subject_of("sum", "f32").prepare(100'000, test_seed());
  ASSERT_TRUE(trial->verify({.backend = "scalar"})->pass);
  const auto operands = trial->operands();
  const auto* x = static_cast<const float*>(operands.front().data);
  float& sum = *static_cast<float*>(operands.back().data);
  double missing = 0;
  for (std::size_t i = 0; std::fabs(missing) <= 1; ++i) missing += double(x[i]);
  sum -= float(missing);
  EXPECT_FALSE(trial->judge_peer().pass);
}

TEST(PeerVerdict, OneRoundingIsExact) {
  const auto trial = subject_of("mul", "f64").prepare(1000, 1);
  ASSERT_TRUE(trial->verify({.backend = "scalar"})->pass);
  EXPECT_TRUE(trial->judge_peer().pass);
  EXPECT_FALSE(trial->verify_planted_error().pass);
  EXPECT_FALSE(trial->judge_peer().pass);
}

}  // namespace
}  // namespace flynn::bench

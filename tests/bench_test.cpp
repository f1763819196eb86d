// The parts of compute_bench that can be wrong without being seen: statistics on known data, and reading of arguments.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <bench/cpu_wait.hpp>
#include <bench/exit_code.hpp>
#include <bench/format.hpp>
#include <bench/options.hpp>
#include <bench/selection.hpp>
#include <bench/statistics.hpp>
#include <bench/trial.hpp>

#include "seed.hpp"

namespace flynn::bench {
namespace {

TEST(Statistics, KnownData) {
  const std::vector<double> samples = {9, 1, 2, 2, 3, 4, 100};
  const Summary s = summarize(samples, 1);
  EXPECT_EQ(s.median, 3);
  EXPECT_EQ(s.mad, 1);  // distances 0 1 1 1 2 6 97
  EXPECT_EQ(s.min, 1);
  EXPECT_EQ(s.p95, 100);
  EXPECT_EQ(s.count, 7u);
  EXPECT_EQ(s.outliers, 1u);  // quartiles 2 and 6.5, so 13.25 is the border
  EXPECT_DOUBLE_EQ(s.noise(), 1.0 / 3);
}

TEST(Statistics, EvenCountAndSmallest) {
  EXPECT_EQ(median(std::vector<double>{4, 1, 3, 2}), 2.5);
  const Summary one = summarize(std::vector<double>{7}, 1);
  EXPECT_EQ(one.median, 7);
  EXPECT_EQ(one.mad, 0);
  EXPECT_EQ(one.p95, 7);
  EXPECT_EQ(one.ci_low, 7);
  EXPECT_EQ(one.ci_high, 7);
  EXPECT_EQ(summarize({}, 1).count, 0u);
}

TEST(Statistics, PercentileIsTheNearestRank) {
  std::vector<double> samples;
  for (int i = 100; i >= 1; --i) samples.push_back(i);
  EXPECT_EQ(summarize(samples, 1).p95, 95);
}

TEST(Statistics, BootstrapIsDeterministic) {
  std::mt19937_64 random(test_seed());
  std::vector<double> samples(30);
  for (double& x : samples) x = double(random() % 1000);
  const Summary a = summarize(samples, 5), b = summarize(samples, 5);
  EXPECT_EQ(a.ci_low, b.ci_low);
  EXPECT_EQ(a.ci_high, b.ci_high);
  bool seed_counts = false;  // two seeds may well end at the same two samples, twenty do not
  for (std::uint64_t seed = 6; seed < 26; ++seed) {
    const Summary c = summarize(samples, seed);
    seed_counts |= c.ci_low != a.ci_low || c.ci_high != a.ci_high;
  }
  EXPECT_TRUE(seed_counts);
  EXPECT_LE(a.ci_low, a.median);
  EXPECT_GE(a.ci_high, a.median);
}

/// The interval must cover the true median about 95 times in 100. With 400 trials the standard deviation of the count
/// is 4.4, so 5 of them are 22; a percentile bootstrap of 25 samples is known to be up to 2 % short of its level.
TEST(Statistics, BootstrapCoversTheMedian) {
  std::mt19937_64 random(test_seed());
  int covered = 0;
  for (int trial = 0; trial < 400; ++trial) {
    std::vector<double> samples(25);
    for (double& x : samples) x = -std::log(double(random() >> 11) * 0x1p-53 + 0x1p-54);  // exponential: median ln 2
    const Summary s = summarize(samples, std::uint64_t(trial));
    covered += s.ci_low <= std::log(2) && std::log(2) <= s.ci_high;
  }
  EXPECT_GE(covered, 372 - 22);
  EXPECT_LE(covered, 396);
}

/// A machine that slows down between the rounds of one and the other has a median of each that belongs to unlike
/// rounds.
TEST(Statistics, TheMedianOfRatiosLeavesOutADriftOfBoth) {
  const double under[] = {1, 1, 2, 4, 4}, over[] = {1.5, 1.5, 3, 6, 6};
  EXPECT_DOUBLE_EQ(median_of_ratios(over, under), 1.5);
  const double some[] = {1.1, 1.1, 8, 4.4, 4.4};
  EXPECT_DOUBLE_EQ(median_of_ratios(some, under), 1.1) << "the ratio of the medians is 2.2";
  EXPECT_DOUBLE_EQ(median_of_ratios(some, std::span(under).first(1)), 1.1);
}

TEST(Sizes, AreReadAsWritten) {
  EXPECT_EQ(parse_size("1000"), 1000u);
  EXPECT_EQ(parse_size("64Ki"), 65536u);
  EXPECT_EQ(parse_size("3Mi"), 3u << 20);
  EXPECT_EQ(parse_size("1Gi"), 1u << 30);
  EXPECT_EQ(parse_size("5k"), 5000u);
  EXPECT_EQ(parse_size("2M"), 2000000u);
  EXPECT_EQ(parse_size("1e8"), 100000000u);
  EXPECT_EQ(parse_size("7e0"), 7u);
  EXPECT_EQ(parse_size("1e19"), 10000000000000000000u);
  for (const char* wrong : {"1e", "e3", "1e20", "2e19", "1e3k", "1e-3", "0e3"})
    EXPECT_FALSE(parse_size(wrong)) << wrong;
  using List = std::vector<std::size_t>;
  EXPECT_EQ(parse_sizes("1,2Ki"), (List{1, 2048}));
  EXPECT_EQ(parse_sizes("1Ki..64Ki"), (List{1024, 4096, 16384, 65536}));
  EXPECT_EQ(parse_sizes("1Ki..5000,7"), (List{1024, 4096, 5000, 7}));
  EXPECT_EQ(parse_sizes("7..7"), (List{7}));
  EXPECT_EQ(parse_sizes("1..18446744073709551615")->size(), 33u);
}

TEST(Sizes, RefusesWhatIsNone) {
  for (const char* text : {"", "0", "-1", "x", "1K", "1 Ki", "1e6k", "1.5Ki", "18446744073709551616", "20000000000Gi",
                           "1Ki..", "..1Ki", "4..2", "1,,2", "1,"})
    EXPECT_FALSE(parse_sizes(text)) << text;
}

TEST(Times, AreReadAsWritten) {
  EXPECT_EQ(parse_time("0.5s"), 0.5);
  EXPECT_EQ(parse_time("100ms"), 0.1);
  EXPECT_EQ(parse_time("2"), 2);
  EXPECT_EQ(parse_time("2min"), 120);
  for (const char* text : {"", "s", "-1s", "nan", "inf", "1 s", "1d"}) EXPECT_FALSE(parse_time(text)) << text;
  EXPECT_EQ(parse_percent("2%"), 0.02);
  for (const char* text : {"2", "%", "-2%", "nan%"}) EXPECT_FALSE(parse_percent(text)) << text;
}

TEST(Format, ThreeDigits) {
  EXPECT_EQ(time_text(0.0521), "52.1 ms");
  EXPECT_EQ(time_text(1.5e-7), "150 ns");
  EXPECT_EQ(time_text(9.999e-4), "1.00 ms");
  EXPECT_EQ(time_text(123), "123 s");
  EXPECT_EQ(rate_text(15.4e9, "B/s"), "15.4 GB/s");
  EXPECT_EQ(size_text(65536), "64Ki");
  EXPECT_EQ(size_text(10000), "10000");
  EXPECT_EQ(clock_text(41), "00:41");
}

Settings parse_words(std::vector<const char*> words) {
  words.insert(words.begin(), "compute_bench");
  return parse(int(words.size()), words.data());
}

TEST(Options, FlagsOfARun) {
  const Settings s = parse_words({"run", "-b", "simd,threads", "--workload", "axpy,dot", "-n", "1Ki..4Ki", "--type",
                                  "f32", "--min-time", "100ms", "--max-noise", "3%", "--seed", "7", "--no-validate"});
  EXPECT_EQ(s.backends, (std::vector<std::string>{"simd", "threads"}));
  EXPECT_EQ(s.workloads, (std::vector<std::string>{"axpy", "dot"}));
  EXPECT_EQ(s.sizes, (std::vector<std::size_t>{1024, 4096}));
  EXPECT_EQ(s.rules.min_seconds, 0.1);
  EXPECT_EQ(s.rules.max_noise, 0.03);
  EXPECT_EQ(s.rules.seed, 7u);
  EXPECT_FALSE(s.rules.validate);
  EXPECT_FALSE(s.is_tour());
  EXPECT_TRUE(parse_words({}).is_tour());
  EXPECT_EQ(parse_words({"-l"}).command, Command::list);
}

std::string refusal(std::vector<const char*> words) {
  try {
    parse_words(std::move(words));
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code, exit_usage);
    return failure.what();
  }
  return "accepted";
}

TEST(Options, NameWhatIsKnownAndNearest) {
  EXPECT_NE(refusal({"--worklod", "axpy"}).find("--workload"), std::string::npos);
  EXPECT_NE(refusal({"--workload", "axpi"}).find("Did you mean axpy?"), std::string::npos);
  EXPECT_NE(refusal({"--type", "f16"}).find("known are f32"), std::string::npos);
  EXPECT_NE(refusal({"lits"}).find("Did you mean list?"), std::string::npos);
  EXPECT_NE(refusal({"--filter", "("}).find("regular expression"), std::string::npos);
  EXPECT_NE(refusal({"--size", "0"}).find("--size"), std::string::npos);
  EXPECT_NE(refusal({"--repetitions", "0"}), "accepted");
  EXPECT_NE(refusal({"--device", "x"}), "accepted");
  EXPECT_NE(refusal({"list", "--min-time", "1s"}), "accepted");
}

TEST(Trial, MovesWhatItsCostSays) {
  for (const Subject& subject : subjects()) {
    if (subject.info.rate != Rate::bytes) continue;
    const Traffic t = subject.traffic(1 << 16);
    EXPECT_EQ(double(t.view_bytes) * (t.reads + t.writes + 2 * t.updates), subject.cost(1 << 16).bytes)
        << subject.info.workload << ' ' << subject.info.type << ": its ceiling is one of other traffic";
  }
}

TEST(Ratio, KnownData) {
  const std::vector<double> slow = {20, 22, 24, 26, 28}, fast = {10, 11, 12, 13, 14};
  const Ratio r = ratio_of_medians(slow, fast, 1);
  EXPECT_EQ(r.value, 2);
  EXPECT_EQ(r.low, 2);  // every round has it
  EXPECT_EQ(r.high, 2);
  EXPECT_EQ(ratio_of_medians(slow, std::vector<double>{10, 11, 12}, 1).value, 2);  // the first rounds of both
}

TEST(Ratio, DriftOfBothDoesNotWidenIt) {
  std::mt19937_64 random(test_seed());
  std::vector<double> a, b, shuffled;
  for (int i = 0; i < 101; ++i) {
    const double drift = 1 + 0.005 * i;
    a.push_back(1.5 * drift * (1 + 1e-3 * double(random() % 100) / 100));
    b.push_back(drift * (1 + 1e-3 * double(random() % 100) / 100));
  }
  const Ratio paired = ratio_of_medians(a, b, 1);
  EXPECT_NEAR(paired.value, 1.5, 0.01);
  EXPECT_LT(paired.high - paired.low, 0.02);
  std::shuffle(a.begin(), a.end(), random);
  const Ratio apart = ratio_of_medians(a, b, 1);
  EXPECT_GT(apart.high - apart.low, 4 * (paired.high - paired.low));
}

TEST(Ceiling, LeastSeconds) {
  const Cost cost{.flops = 100, .bytes = 30};
  EXPECT_DOUBLE_EQ((Ceiling{.value = 10, .unit = "B/s"}).least_seconds(cost), 3);
  EXPECT_DOUBLE_EQ((Ceiling{.value = 10, .unit = "FLOP/s"}).least_seconds(cost), 10);
}

TEST(CpuWait, NeverGoesBack) {
  const double before = cpu_wait();
  EXPECT_GE(before, 0);
  EXPECT_GE(cpu_wait(), before);
}

}  // namespace
}  // namespace flynn::bench

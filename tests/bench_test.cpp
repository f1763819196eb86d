// The parts of compute_bench that can be wrong without being seen: statistics on known data, and reading of arguments.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <bench/comparison.hpp>
#include <bench/cpu_wait.hpp>
#include <bench/exit_code.hpp>
#include <bench/format.hpp>
#include <bench/options.hpp>
#include <bench/selection.hpp>
#include <bench/statistics.hpp>
#include <bench/topology_text.hpp>
#include <bench/trial.hpp>
#include <bench/ways_in.hpp>

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

/// A GPU as a backend tells of it. The UUID is made of one number; 0 for unknown.
Device gpu(std::uint8_t uuid, const char* address, const char* name = "a GPU") {
  Device device;
  std::snprintf(device.name, sizeof device.name, "%s", name);
  std::snprintf(device.pci_address, sizeof device.pci_address, "%s", address);
  if (uuid != 0)
    for (std::uint8_t& byte : device.uuid) byte = uuid++;
  return device;
}

/// "cuda0+opencl1 opencl0": the devices, and the ways in to each.
std::string ways_text(const std::vector<Device>& cuda, const std::vector<Device>& opencl) {
  const std::deque<BackendInfo> backends = {
      {.name = "simd", .kind = FlynnClass::simd},
      {.name = "cuda", .kind = FlynnClass::simt, .available = true, .devices = cuda},
      {.name = "opencl", .kind = FlynnClass::simt, .available = true, .devices = opencl}};
  std::string text;
  for (const auto& ways : ways_in(backends)) {
    std::string one;
    for (const WayIn& way : ways) one += fmt::format("{}{}{}", one.empty() ? "" : "+", way.backend->name, way.index);
    text += fmt::format("{}{}", text.empty() ? "" : " ", one);
  }
  return text;
}

TEST(WaysIn, SameUuidIsOneDevice) {
  EXPECT_EQ(ways_text({gpu(1, "")}, {gpu(1, "")}), "cuda0+opencl0");
  EXPECT_EQ(ways_text({gpu(1, "0000:65:00.0")}, {gpu(1, "0001:65:00.0")}), "cuda0+opencl0");
}
TEST(WaysIn, WithoutAUuidTheAddressCounts) {
  EXPECT_EQ(ways_text({gpu(1, "0000:65:00.0")}, {gpu(0, "0000:65:00.0")}), "cuda0+opencl0");
  EXPECT_EQ(ways_text({gpu(0, "0000:65:00.0")}, {gpu(0, "0000:65:00.0")}), "cuda0+opencl0");
  EXPECT_EQ(ways_text({gpu(0, "0000:65:00.0")}, {gpu(0, "0000:b3:00.0")}), "cuda0 opencl0");
}
TEST(WaysIn, UnknownIsNotTheSame) {
  EXPECT_EQ(ways_text({gpu(0, "")}, {gpu(0, "")}), "cuda0 opencl0");
  EXPECT_EQ(ways_text({gpu(1, "0000:65:00.0")}, {gpu(0, "")}), "cuda0 opencl0");
}
TEST(WaysIn, TwoOfOneModelAreTwo) {
  EXPECT_EQ(ways_text({gpu(1, "0000:65:00.0"), gpu(9, "0000:b3:00.0")}, {gpu(9, "0000:b3:00.0"), gpu(1, "")}),
            "cuda0+opencl1 cuda1+opencl0");
}
TEST(WaysIn, PartsOfAGpuShareItsAddress) {
  EXPECT_EQ(ways_text({gpu(1, "0000:65:00.0"), gpu(9, "0000:65:00.0")}, {}), "cuda0 cuda1");
  EXPECT_EQ(ways_text({gpu(1, "0000:65:00.0")}, {gpu(0, "0000:65:00.0"), gpu(9, "0000:65:00.0")}),
            "cuda0+opencl0 opencl1");
}
TEST(WaysIn, TwoPlatformsOfOneBackend) {
  EXPECT_EQ(ways_text({}, {gpu(3, ""), gpu(0, "", "a CPU"), gpu(3, "")}), "opencl0+opencl2 opencl1");
  EXPECT_EQ(ways_text({}, {}), "");
}

TEST(WaysIn, AreShownTogether) {
  Device cuda = gpu(0xf8, "0000:65:00.0"), opencl = gpu(0xf8, "");
  std::snprintf(cuda.driver, sizeof cuda.driver, "CUDA 13.0");
  std::snprintf(opencl.driver, sizeof opencl.driver, "OpenCL 3.0");
  cuda.has_f64 = true;
  const std::deque<BackendInfo> backends = {{.name = "opencl", .kind = FlynnClass::simt, .devices = {opencl}},
                                            {.name = "cuda", .kind = FlynnClass::simt, .devices = {cuda}}};
  const std::vector<std::string> lines = device_lines(backends);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0].find("  opencl --device 0, or cuda --device 0: a GPU, "), 0u) << lines[0];
  EXPECT_EQ(lines[1], "    OpenCL 3.0");
  EXPECT_EQ(lines[2], "    CUDA 13.0");
  EXPECT_EQ(lines[3], "    PCI 0000:65:00.0");
  EXPECT_EQ(lines[4], "    UUID f8f9fafb-fcfd-feff-0001-020304050607");
}

/// Packages of nodes of L3 caches of four cores of two CPUs; the second CPUs come after all first ones.
Topology server(int packages, int nodes_each, int caches_each) {
  const int nodes = packages * nodes_each, cores = nodes * caches_each * 4;
  auto cpus = [&](int begin, int end) {
    std::vector<int> list;
    for (int second : {0, cores})
      for (int i = begin; i < end; ++i) list.push_back(second + i);
    return list;
  };
  Topology t{.source = "test"};
  for (int i = 0; i < packages; ++i) t.packages.push_back({cpus(cores / packages * i, cores / packages * (i + 1))});
  for (int i = 0; i < nodes; ++i) {
    std::vector<unsigned> distance(std::size_t(nodes), 21);
    distance[std::size_t(i)] = 10;
    t.nodes.push_back({i, std::uint64_t{64} << 30, cpus(cores / nodes * i, cores / nodes * (i + 1)), distance});
  }
  for (int i = 0; i < cores; i += 4) t.caches.push_back({3, 32 << 20, 64, cpus(i, i + 4)});
  for (int i = 0; i < cores; ++i) t.caches.push_back({2, 1 << 20, 64, cpus(i, i + 1)});
  for (int i = 0; i < cores; ++i) t.cores.push_back({cpus(i, i + 1)});
  return t;
}

TEST(Tree, FoldsWhatIsAlike) {
  Topology t = server(2, 1, 2);
  t.devices.push_back({"GPU", "A card", "0000:65:00.0", {"card1"}, {1}});
  t.devices.push_back({"network", "", "", {"eth0"}, {}});
  EXPECT_EQ(tree_text(t), (std::vector<std::string>{
                              "package 0: CPUs 0-7,16-23",
                              "  node 0, 64.0 GiB: CPUs 0-7,16-23",
                              "    2 x L3 32.0 MiB: CPUs 0-7,16-23",
                              "      4 x core of 2 CPUs, L2 1.00 MiB",
                              "package 1: CPUs 8-15,24-31",
                              "  node 1, 64.0 GiB: CPUs 8-15,24-31",
                              "    GPU 0000:65:00.0 A card (card1)",
                              "    2 x L3 32.0 MiB: CPUs 8-15,24-31",
                              "      4 x core of 2 CPUs, L2 1.00 MiB",
                              "network (eth0)",
                          }));
  EXPECT_EQ(distance_text(t), (std::vector<std::string>{"distance    0    1",  //
                                                        "       0   10   21",  //
                                                        "       1   21   10"}));
}

TEST(Tree, WhatIsNotAlikeIsNotFolded) {
  Topology t = server(1, 1, 3);
  t.caches[1].bytes = 96 << 20;
  EXPECT_EQ(tree_text(t).size(), 2u + 3 * 2);
  t = server(1, 1, 3);
  t.cores.erase(t.cores.begin() + 5);  // of the second L3: three cores are left, and an L2 cache without one
  EXPECT_GT(tree_text(t).size(), 4u);
}

TEST(Tree, LargeMachinesFitOnAScreen) {
  EXPECT_LE(tree_text(server(2, 4, 4)).size() + distance_text(server(2, 4, 4)).size(), 40u) << "128 cores, 8 nodes";
  const Topology t = server(16, 4, 1);
  EXPECT_EQ(tree_text(t), (std::vector<std::string>{
                              "16 x package: CPUs 0-511",
                              "  4 x node, about 64 GiB",
                              "    L3 32.0 MiB",
                              "      4 x core of 2 CPUs, L2 1.00 MiB",
                          }));
  EXPECT_EQ(distance_text(t).size(), 1u);
}

TEST(Tree, NothingButCpus) {
  EXPECT_EQ(tree_text({.nodes = {{.cpus = {0, 1, 2, 5}}}}), std::vector<std::string>{"node 0: CPUs 0-2,5"});
  EXPECT_EQ(distance_text({.nodes = {{.cpus = {0}}}}), std::vector<std::string>{});
  EXPECT_EQ(list_text({}), "");
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

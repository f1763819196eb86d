// How auto chooses, here and on machines that are not here, and what a caller is told.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>
#include <thread>

#include <flynn/flynn.hpp>
#include <host/choose/chooser.hpp>
#include <host/choose/curves.hpp>
#include <host/choose/decide.hpp>
#include <tests/calibrations.hpp>
#include <tests/seed.hpp>

namespace flynn {
namespace {

using Point = Calibration::Point;

constexpr std::size_t sum_f32 = spec_index<Sum<float>>();

std::size_t backend(std::string_view name) { return index_of(*find_entry(name)); }
constexpr BackendMask all = ~BackendMask{0};

TEST(Model, IsWhatWasMeasuredAndALineBetween) {
  const Model model(two_backends(2));
  EXPECT_EQ(model.threads(), 2u);
  for (const double work : {4.0, 1024.0, 5000.0, 1e6, 4e9, 1e12}) {  // the last one beyond all points
    EXPECT_NEAR(model.seconds(sum_f32, backend("simd"), work), 100e-9 + work / 20e9, 1e-5 * work / 20e9 + 1e-12)
        << work;
  }
  EXPECT_TRUE(std::isinf(model.seconds(sum_f32, backend("processes"), 1000)));
  EXPECT_TRUE(std::isinf(model.seconds(spec_index<Sum<double>>(), backend("simd"), 1000)));
  EXPECT_GT(model.seconds(sum_f32, backend("simd"), 0), 0);
}

TEST(Model, TakesTheFastestOfThoseThatMayBeTaken) {
  const Model model(two_backends(2));
  EXPECT_EQ(model.fastest(sum_f32, 1000, all, 0), int(backend("simd")));
  EXPECT_EQ(model.fastest(sum_f32, 1e6, all, 0), int(backend("threads")));
  EXPECT_EQ(model.fastest(sum_f32, 1e6, ~(BackendMask{1} << backend("threads")), 0), int(backend("simd")));
  EXPECT_EQ(model.fastest(sum_f32, 1e6, 0, 0), Model::none);
  EXPECT_EQ(model.fastest(spec_index<Sum<double>>(), 1e6, all, 0), Model::none);
}

TEST(Model, LeavesTransferOutWhereTheDataIsOnTheDevice) {
  Calibration c = two_backends(2);
  c.curves.push_back(curve("opencl", 20e-6, 1e12, 1 / 10e9));
  const Model model(c);
  const BackendMask opencl = BackendMask{1} << backend("opencl");
  EXPECT_EQ(model.fastest(sum_f32, 1e9, all, 0), int(backend("threads")));
  EXPECT_EQ(model.fastest(sum_f32, 1e9, all, opencl), int(backend("opencl")));
}

TEST(Model, HasATableThatSaysWhatASearchFinds) {
  Calibration c = two_backends(2);
  c.curves.push_back(curve("opencl", 1, 1));  // never the fastest; but the table is for those who may take it
  const Model model(c);
  const BackendMask others = ~(BackendMask{1} << backend("opencl"));
  for (double work = 1; work < 1e12; work *= 1.01)
    ASSERT_EQ(model.fastest(sum_f32, work, all, 0), model.fastest(sum_f32, work, others, 0)) << work;
}

TEST(Model, TakesSimdForSmallCallsThatAreAsShort) {
  const auto choice = [](double scalar_seconds) {
    Calibration c = key_of_this_machine(2);
    c.curves = {curve("scalar", scalar_seconds, 20e9), curve("simd", 100e-9, 20e9)};
    return Model(c).fastest(sum_f32, 1000, all, 0);
  };
  EXPECT_EQ(choice(70e-9), int(backend("simd")));
  EXPECT_EQ(choice(55e-9), int(backend("scalar")));
}

/// Threads take 7 % more than simd does here.
TEST(Model, LooksAheadWhereACallMayLeaveACache) {
  const auto choice = [](double seconds, double overhead) {
    Calibration c = key_of_this_machine(2);
    c.curves = {curve("simd", 0, 1e9), curve("threads", overhead * seconds, 1e9 / (1.07 - overhead))};
    return Model(c).fastest(sum_f32, seconds * 1e9, all, 0);
  };
  EXPECT_EQ(choice(20e-6, 0.6), int(backend("threads"))) << "a quarter less at twice the work";
  EXPECT_EQ(choice(20e-6, 0), int(backend("simd"))) << "7 % more at twice the work";
  EXPECT_EQ(choice(2e-6, 0.6), int(backend("simd"))) << "it is too short for that";
}

TEST(Model, TakesSimdOfThoseThatAreAlike) {
  Calibration c = key_of_this_machine(2);
  c.curves = {curve("scalar", 0, 1.02e9), curve("simd", 0, 1e9), curve("threads", 0, 1.05e9)};
  EXPECT_EQ(Model(c).fastest(sum_f32, 2e3, all, 0), int(backend("simd")));
  c.curves = {curve("scalar", 0, 1e9), curve("simd", 0, 1e9), curve("threads", 0, 1e9)};
  for (const double work : {2e3, 20e3, 2e6}) EXPECT_EQ(Model(c).fastest(sum_f32, work, all, 0), int(backend("simd")));
}

TEST(Model, KnowsNothingOfOtherNames) {
  Calibration c = two_backends(2);
  c.curves[1].backend = "abacus";
  c.curves[2].workload = "frobnicate";
  EXPECT_EQ(Model(c).fastest(sum_f32, 1e6, all, 0), int(backend("scalar")));
}

/// Calls that take what a rule says, in two rounds.
class FakeStopwatch final : public Stopwatch {
 public:
  enum class Disturbance {
    none,
    outliers,     ///< the sample that is dropped, up to two of the three of a round and one of the other: 100 times
    first_round,  ///< threads have one core
    second_round,
  };

  FakeStopwatch(std::size_t spec, Disturbance disturbance) : spec_(spec), disturbance_(disturbance) {}
  void begin_round() { ++round_; }
  std::optional<Timing> first(const Entry& entry) override {
    if (entry.runs_on_host) return Timing{1e-3, 0};
    return {};
  }
  std::optional<Timing> sample(const Entry& entry, std::size_t n) override {
    const double work = work_at(spec_, n), one = 100e-9 + work / 1e9 / (entry.kind == FlynnClass::sisd ? 1 : 10);
    double seconds = one;
    if (entry.kind == FlynnClass::mimd_threads) seconds = 5e-6 + one / (has_cores() ? 4 : 1);
    if (entry.kind == FlynnClass::mimd_processes) seconds = 50e-6 + one;
    if (disturbance_ == Disturbance::outliers && is_outlier(turns_[{&entry, n}])) seconds *= 100;
    return Timing{seconds, 0};
  }

 private:
  struct Turn {
    int round = 1, worst = 1;
    std::size_t at = 0;
    std::array<std::size_t, 2> bad = {};
  };
  bool has_cores() const {
    return !(disturbance_ == Disturbance::first_round && round_ == 1) &&
           !(disturbance_ == Disturbance::second_round && round_ == 2);
  }
  bool is_outlier(Turn& turn) {
    if (turn.round != round_) turn = {.round = round_, .worst = turn.worst};
    const std::size_t dropped = round_ == 1 ? 1 : 0, at = turn.at++;
    if (at < dropped) return true;
    if (at == dropped) {
      if (round_ == 1) turn.worst = 1 + int(random_() % 2);
      turn.bad = {dropped + random_() % 3, dropped + random_() % 3};
      if (round_ != turn.worst) turn.bad[1] = turn.bad[0];
    }
    return at == turn.bad[0] || at == turn.bad[1];
  }

  std::size_t spec_;
  Disturbance disturbance_;
  int round_ = 0;
  std::mt19937_64 random_{test_seed()};
  std::map<std::pair<const Entry*, std::size_t>, Turn> turns_;
};

Calibration fake_calibration(FakeStopwatch::Disturbance disturbance) {
  Calibration c = key_of_this_machine(4);
  std::vector<const Entry*> entries;
  for (const Entry& entry : registry()) entries.push_back(&entry);
  const Effort effort = {.samples = 3, .sample_seconds = 0, .call_seconds = 10, .total_seconds = 60};
  for (std::size_t spec = 0; spec < AllSpecs::size; ++spec) {
    FakeStopwatch stopwatch(spec, disturbance);
    Survey survey(spec, 1e9, entries);
    for (int round = 0; round < 2; ++round) {
      stopwatch.begin_round();
      survey.measure(stopwatch, effort, 1e9);
    }
    std::ranges::move(survey.curves(), std::back_inserter(c.curves));
  }
  return c;
}

TEST(Calibration, DisturbancesLeaveEveryChoiceAsItWas) {
  using enum FakeStopwatch::Disturbance;
  const auto outliers_of = [](const Calibration& c) {
    std::size_t sum = 0;
    for (const auto& curve : c.curves)
      for (const Point& p : curve.points) sum += p.outliers;
    return sum;
  };
  const Calibration clean = fake_calibration(none);
  EXPECT_EQ(outliers_of(clean), 0u);
  const Model model(clean);
  int threads = 0;
  for (const auto disturbance : {outliers, first_round, second_round}) {
    const Calibration disturbed = fake_calibration(disturbance);
    EXPECT_EQ(outliers_of(disturbed) > 100, disturbance == outliers);
    const Model other(disturbed);
    for (std::size_t spec = 0; spec < AllSpecs::size; ++spec)
      for (double work = 1; work < 1e12; work *= 1.5) {
        const int expected = model.fastest(spec, work, all, 0);
        EXPECT_EQ(other.fastest(spec, work, all, 0), expected) << full_name_of(spec) << " " << work;
        threads += expected == int(backend("threads"));
      }
  }
  EXPECT_GT(threads, 0) << "there was nothing to choose";
}

/// What small calls take says nothing of large ones.
TEST(Calibration, HasNoCurvesThatEndWhereCallsAreShort) {
  class Slow final : public Stopwatch {
   public:
    explicit Slow(double call_seconds) : call_seconds_(call_seconds) {}
    std::optional<Timing> first(const Entry&) override { return Timing{}; }
    std::optional<Timing> sample(const Entry&, std::size_t) override {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      return Timing{call_seconds_, 0};
    }

   private:
    const double call_seconds_;
  };
  constexpr double share = 50e-3;  // enough for the first size alone
  const Entry* const entries[] = {find_entry("simd")};
  const Effort effort = {.samples = 5, .sample_seconds = 0, .call_seconds = 10, .total_seconds = 60};
  const auto curves_of = [&](double call_seconds) {
    Slow stopwatch(call_seconds);
    Survey survey(sum_f32, 1e9, entries);
    survey.measure(stopwatch, effort, share);
    return survey.curves();
  };
  EXPECT_TRUE(curves_of(1e-6).empty());
  const auto curves = curves_of(1e-3);
  ASSERT_EQ(curves.size(), 1u);
  EXPECT_EQ(curves[0].points.size(), 1u);
}

TEST(Calibration, HasASizeForEachPowerOfTwoOfTheWork) {
  for (std::size_t spec = 0; spec < AllSpecs::size; ++spec) {
    const std::vector<std::size_t> sizes = Survey(spec, 1e8, {}).sizes();
    ASSERT_GT(sizes.size(), 5u);
    EXPECT_LE(bytes_at(spec, sizes.back()), 1e8);
    for (std::size_t i = 1; i < sizes.size(); ++i) {
      EXPECT_GE(work_at(spec, sizes[i]), 2 * work_at(spec, sizes[i - 1]));
      EXPECT_LT(work_at(spec, sizes[i] - 1), 2 * work_at(spec, sizes[i - 1]));
    }
  }
}

TEST(Calibration, ItsTextSaysAllOfIt) {
  Calibration c = two_backends(3);
  c.identities = {{"opencl", "a \"device\"; driver 1.2"}};
  c.curves[0].points[3].outliers = 2;
  const auto back = read_calibration(calibration_text(c));
  ASSERT_TRUE(back) << back.error().what();
  EXPECT_EQ(calibration_text(*back), calibration_text(c));
  EXPECT_EQ(back->curves[0].points[3].outliers, 2u);
  EXPECT_EQ(back->identities[0].devices, c.identities[0].devices);
}

/// A machine with a GPU that is faster from 1 MB on.
Inventory machine_with_gpu() {
  Inventory inventory{.threads = 4};
  for (const char* name : {"scalar", "simd", "threads", "processes", "opencl"})
    inventory.backends.push_back({.name = name, .available = true});
  Device gpu;
  std::snprintf(gpu.name, sizeof gpu.name, "GPU");
  std::snprintf(gpu.driver, sizeof gpu.driver, "driver 1.0");
  inventory.backends[4].devices = {gpu};
  inventory.calibration = two_backends(4);
  inventory.calibration->identities = {{"opencl", identity_of(inventory.backends[4].devices)}};
  inventory.calibration->curves.push_back(curve("opencl", 10e-6, 1e12));
  return inventory;
}

const Explanation::Candidate& candidate(const Explanation& explanation, std::string_view name) {
  return explanation.candidates[backend(name)];
}

TEST(Replay, DecidesAndRunsNothing) {
  Context context({.inventory = machine_with_gpu()});
  EXPECT_EQ(context.threads(), 4u);
  Explanation e = explain(Sum<float>::shape(1000), {.context = &context});
  EXPECT_EQ(e.chosen, "simd");
  e = explain(Sum<float>::shape(10'000'000), {.context = &context});
  EXPECT_EQ(e.chosen, "opencl");
  EXPECT_EQ(candidate(e, "opencl").standing, Standing::chosen);
  EXPECT_EQ(candidate(e, "threads").standing, Standing::slower);
  EXPECT_EQ(candidate(e, "threads").origin, Origin::calibrated);
  EXPECT_EQ(candidate(e, "processes").standing, Standing::unmeasured);
  EXPECT_EQ(candidate(e, "cuda").standing, Standing::unavailable);
  EXPECT_NEAR(candidate(e, "threads").seconds, 1e-6 + 40e6 / 80e9, 1e-6);
  EXPECT_EQ(explain(Sum<float>::shape(10'000'000), {.threads = 3, .context = &context}).chosen, "threads")
      << "it was measured with 4";
  const auto done = try_sum(std::vector<float>(1000), {.context = &context});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::unavailable);
  EXPECT_NE(std::string(done.error().what()).find("another machine"), std::string::npos);
}

TEST(Replay, AnotherDriverMakesTheMeasurementWorthless) {
  Inventory inventory = machine_with_gpu();
  inventory.backends[4].devices[0].driver[7] = '2';
  Context context({.inventory = inventory});
  const Explanation e = explain(Sum<float>::shape(10'000'000), {.context = &context});
  EXPECT_EQ(e.chosen, "threads");
  EXPECT_EQ(candidate(e, "opencl").standing, Standing::changed);
  EXPECT_NE(e.text().find("another device or driver"), std::string::npos);
}

TEST(Replay, ADeviceThatIsGoneIsNotChosen) {
  Inventory inventory = machine_with_gpu();
  inventory.backends[4].available = false;
  inventory.backends[4].reason = "the cable is out";
  Context context({.inventory = inventory});
  const Explanation e = explain(Sum<float>::shape(10'000'000), {.context = &context});
  EXPECT_EQ(e.chosen, "threads");
  EXPECT_EQ(candidate(e, "opencl").standing, Standing::unavailable);
  try {
    explain(Sum<float>::shape(10), {.backend = "opencl", .context = &context});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.text(), "the cable is out");
  }
}

TEST(Explanation, IsOneOfEveryCall) {
  Context context;
  Report report;
  const std::vector<float> x(100, 1);
  sum(x, {.report = &report, .context = &context});
  EXPECT_EQ(report.explanation.requested, "auto");
  EXPECT_EQ(report.explanation.chosen, report.used);
  EXPECT_EQ(report.explanation.count, registry().size());
  EXPECT_EQ(candidate(report.explanation, "opencl").standing, Standing::unmeasured);
  EXPECT_EQ(candidate(report.explanation, "scalar").origin, Origin::prior);
  sum(x, {.backend = "scalar", .report = &report, .context = &context});
  EXPECT_EQ(candidate(report.explanation, "scalar").standing, Standing::chosen);
  EXPECT_EQ(candidate(report.explanation, "simd").standing, Standing::not_asked);
  EXPECT_EQ(report.explanation.reason, Reason::requested);
  EXPECT_THROW(explain(Sum<float>::shape(1), {.backend = "abacus", .context = &context}), Error);
}

TEST(Explanation, AsAUserReadsIt) {
  Context context({.inventory = machine_with_gpu()});
  EXPECT_EQ(explain(Sum<float>::shape(10'000'000), {.context = &context}).text(),
            "sum f32: requested auto, chosen opencl (the fastest by what was measured here)\n"
            "  by the calibration of this machine\n"
            "  scalar    slower, predicted 10 ms (calibrated)\n"
            "  simd      slower, predicted 2 ms (calibrated)\n"
            "  threads   slower, predicted 501 us (calibrated)\n"
            "  processes rejected: it was not measured\n"
            "  opencl    chosen, predicted 50 us (calibrated)\n"
            "  cuda      rejected: it is not here; `compute_bench doctor` says why\n");
}

}  // namespace
}  // namespace flynn

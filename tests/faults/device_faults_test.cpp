// Devices that fail: what auto makes of it, and what a named backend says. Row numbers are those of docs/faults.md.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <flynn/flynn.hpp>
#include <tests/faults/faulty_device.hpp>
#include <tests/faults/leak_check.hpp>

namespace flynn::faults {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

const Explanation::Candidate& opencl_of(const Report& report) {
  return report.explanation.candidates[index_of(*find_entry("opencl"))];
}

/// auto takes opencl as long as nothing is wrong; from here on faults count.
void warm_up(Context& context) {
  Report report;
  const V x = numbers(100);
  V y = numbers(100);
  axpy(2.0f, x, y, {.report = &report, .context = &context});
  ASSERT_EQ(report.used, "opencl") << report.explanation.text();
}

enum class Work { axpy, scan, gemm };

/// y = a x + y, y = scan(y) and C = A A / 2 + 2 C: outputs that are inputs too.
V run(Work work, const Options& options) {
  constexpr std::size_t n = 10'000'000, m = 300;  // several launches each
  if (work == Work::gemm) {
    V a = numbers(m * m), c = a;
    const Matrix matrix(a.data(), m, m);
    gemm(0.5f, matrix, Op::none, matrix, Op::none, 2.0f, Matrix(c.data(), m, m), options);
    return c;
  }
  const V x = numbers(n);
  V y = x;
  if (work == Work::axpy) axpy(2.0f, x, y, options);
  if (work == Work::scan) flynn::inclusive_scan(y, y, 1.0f, options);
  return y;
}

/// They are as simd has them, whatever goes wrong on the device, and tell of it.
void expect_unharmed(const char* call, int first, int scan_first, int code, Code expected) {
  for (const Work work : {Work::axpy, Work::scan, Work::gemm})
    alone([&](const Bench& bench) {
      bench.calibrate();
      Context context({.threads = one_thread});
      warm_up(context);
      Report report;
      bench.plan(call, work == Work::scan ? scan_first : first, always, code);
      const V got = run(work, {.report = &report, .context = &context});
      expect_recovered(report, expected, call);
      EXPECT_TRUE(got == run(work, {.backend = "simd"})) << call << " " << int(work);
    });
}

TEST(DeviceFaults, C6_OutOfMemoryGoesElsewhereFromUnharmedInput) {
  expect_unharmed("clCreateBuffer", 1, 1, no_memory, Code::out_of_memory);
}

TEST(DeviceFaults, C6_AtTheFirstLaunch) {
  expect_unharmed("clEnqueueNDRangeKernel", 1, 1, no_memory, Code::out_of_memory);
}

/// Half of the output is overwritten. The last launches of scan are those that write.
TEST(DeviceFaults, C6_InTheMiddleOfTheRun) {
  expect_unharmed("clEnqueueNDRangeKernel", 2, 21, no_memory, Code::out_of_memory);
}

TEST(DeviceFaults, C6_WhenTheResultsComeHome) {
  expect_unharmed("clEnqueueMapBuffer", 1, 1, no_resources, Code::device_failed);
}

TEST(DeviceFaults, C6_CallsOfThatSizeGoElsewhereAndSmallerOnesDoNot) {
  alone([](const Bench& bench) {
    bench.calibrate();
    Context context({.threads = one_thread});
    warm_up(context);
    const V x = numbers(100'000);
    V y = x;
    Report report;
    const Options options{.report = &report, .context = &context};
    bench.plan("clCreateBuffer", 1, always, no_memory);
    axpy(2.0f, x, y, options);
    expect_recovered(report, Code::out_of_memory, "CL_MEM_OBJECT_ALLOCATION_FAILURE");
    bench.plan("");
    axpy(2.0f, x, y, options);
    EXPECT_EQ(report.used, "simd");
    EXPECT_TRUE(report.recovered_from.empty());
    EXPECT_EQ(opencl_of(report).standing, Standing::failed);
    EXPECT_NE(report.explanation.text().find("it failed in this process (out of memory: clCreateBuffer"),
              std::string::npos)
        << report.explanation.text();
    y.resize(20'000);
    axpy(2.0f, y, y, options);
    EXPECT_EQ(report.used, "opencl");
    Context other({.threads = one_thread});  // it is the process that remembers
    y = x;
    axpy(2.0f, x, y, {.report = &report, .context = &other});
    EXPECT_EQ(report.used, "simd");
  });
}

TEST(DeviceFaults, C6_IsTriedAgainOnce) {
  alone([](const Bench& bench) {
    const V x = numbers(100'000);
    const Options options{.backend = "opencl"};
    const float right = sum(x, options);
    Report report;
    bench.plan("clCreateBuffer", 1, 1, no_memory);
    EXPECT_EQ(sum(x, {.backend = "opencl", .report = &report}), right);
    EXPECT_EQ(report.clocks.parts, 1u);
  });
}

/// Half of y has its sum by then, and would have it twice.
TEST(DeviceFaults, C6_IsNotTriedAgainOnceItHasWritten) {
  alone([](const Bench& bench) {
    Context context({.threads = one_thread});
    Report report;
    const Options options{.backend = "opencl", .report = &report, .context = &context};
    const V x = numbers(10'000'000);
    V y = x;  // several launches
    axpy(2.0f, x, y, options);
    bench.plan("clEnqueueNDRangeKernel", 2, 1, no_memory);
    const auto done = try_axpy(2.0f, x, y, options);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Code::out_of_memory);
    EXPECT_EQ(report.outputs, Outputs::unspecified);
  });
}

TEST(DeviceFaults, C6_ThenInParts) {
  alone([](const Bench& bench) {
    const std::size_t n = 1'000'000;
    const V x = numbers(n);
    V y = x, right_y = x;
    Report report;
    const Options simd{.backend = "simd"}, opencl{.backend = "opencl", .report = &report};
    (void)sum(V{1}, opencl);
    const auto expect_parts = [&](auto got, auto right) {
      EXPECT_EQ(got, right);
      EXPECT_GT(report.clocks.parts, 1u);
      EXPECT_NE(report.text().find("parts for want of memory"), std::string::npos) << report.text();
    };
    const auto twice = [&] {
      bench.plan("");
      (void)sum(V{1}, opencl);
      bench.plan("clCreateBuffer", 1, 2, no_memory);
    };
    twice();
    expect_parts(sum(x, opencl), sum(x, simd));
    twice();
    expect_parts(argmax(x, opencl), argmax(x, simd));
    twice();
    axpy(2.0f, x, y, opencl), axpy(2.0f, x, right_y, simd);
    expect_parts(y == right_y, true);
    twice();
    flynn::inclusive_scan(y, y, 1.0f, opencl), flynn::inclusive_scan(right_y, right_y, 1.0f, simd);
    expect_parts(y == right_y, true);
    bench.plan("clCreateBuffer", 1, always, no_memory);
    const auto refused = try_sum(x, opencl);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::out_of_memory);
    EXPECT_EQ(report.outputs, Outputs::unchanged);
  });
}

/// PoCL with 1 GB, of which a buffer may have a quarter at most.
TEST(DeviceFaults, C6_ARealLimit) {
  setenv("POCL_MEMORY_LIMIT", "1", 1);
  alone([](const Bench&) {
    const V x(100'000'000, 0.5f);
    Report report;
    EXPECT_EQ(sum(x, {.backend = "opencl", .report = &report}), sum(x, {.backend = "simd"}));
    EXPECT_GT(report.clocks.parts, 1u) << "the limit was none";
  });
}

TEST(DeviceFaults, C6_ArraysAreWhatTheyWere) {
  alone([](const Bench& bench) {
    bench.calibrate();
    Context context({.threads = one_thread});
    warm_up(context);
    Report report;
    const Options options{.report = &report, .context = &context};
    const V start = numbers(1000);
    Array<float> x(start), y(start);
    bench.plan("clEnqueueNDRangeKernel", 1, always, no_resources);
    axpy(2.0f, x, y, options);
    expect_recovered(report, Code::device_failed, "CL_OUT_OF_RESOURCES");
    for (std::size_t i = 0; i < start.size(); ++i) ASSERT_EQ(std::as_const(y).host()[i], 3 * start[i]);
    // The same with a named backend: an error, and nothing changed.
    const auto done = try_axpy(2.0f, x, y, {.backend = "opencl", .report = &report, .context = &context});
    ASSERT_FALSE(done);
    EXPECT_EQ(report.outputs, Outputs::unchanged);
    EXPECT_EQ(std::as_const(y).host()[7], 3 * start[7]);
    // What is only overwritten was never on the device.
    Array<float> z(start);
    EXPECT_FALSE(try_copy(x, z, {.backend = "opencl", .report = &report, .context = &context}));
    EXPECT_EQ(report.outputs, Outputs::unchanged);
    for (std::size_t i = 0; i < start.size(); ++i) ASSERT_EQ(std::as_const(z).host()[i], start[i]);
  });
}

/// What was on the device alone and half overwritten is nowhere any more: that must not look like a result.
TEST(DeviceFaults, C6_ArraysOnTheDeviceAloneAreNotMadeUp) {
  alone([](const Bench& bench) {
    bench.calibrate();
    Context context({.threads = one_thread});
    Report report;
    const Options options{.report = &report, .context = &context};
    constexpr std::size_t n = 10'000'000;
    Array<float> x(numbers(n)), y(numbers(n));
    axpy(2.0f, x, y, options);
    ASSERT_EQ(report.used, "opencl");
    ASSERT_FALSE(y.is_on_host());
    bench.plan("clEnqueueNDRangeKernel", 2, 1, no_resources);
    const auto done = try_axpy(2.0f, x, y, options);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Code::device_failed);
    EXPECT_EQ(done.error().backend(), "opencl");
    EXPECT_EQ(report.outputs, Outputs::unspecified);
  });
}

TEST(DeviceFaults, C7_ATextThatDoesNotBuild) {
  alone([](const Bench& bench) {
    bench.calibrate();
    Context context({.threads = one_thread});
    bench.plan("text error");
    const V x = numbers(1000);
    const auto named = try_sum(x, {.backend = "opencl", .context = &context});
    ASSERT_FALSE(named);
    EXPECT_EQ(named.error().code(), Code::device_failed);
    EXPECT_NE(named.error().text().find("planted"), std::string::npos) << named.error().text();
    Report report;
    EXPECT_EQ(sum(x, {.report = &report, .context = &context}), sum(x, {.backend = "simd"}));
    expect_recovered(report, Code::device_failed, "does not build sum");
    bench.plan("");
    V y = x;
    axpy(2.0f, x, y, {.report = &report, .context = &context});
    EXPECT_EQ(report.used, "simd");  // for the life of the process
    EXPECT_EQ(opencl_of(report).standing, Standing::failed);
  });
}

TEST(DeviceFaults, C7_ComputeBenchTellsOfIt) {
#ifndef FLYNN_TEST_COMPUTE_BENCH
  GTEST_SKIP() << "compute_bench was not built";
#else
  alone([](const Bench& bench) {
    bench.calibrate();
    bench.plan("text error");
    setenv("LD_PRELOAD", FLYNN_TEST_FAULTY_OPENCL, 1);
    Program program({FLYNN_TEST_COMPUTE_BENCH, "--backend", "auto", "--threads", "1", "--workload", "axpy", "--type", "f32",
                     "--size", "10000", "--quick", "--json", "-"});
    const std::string said = program.rest();
    EXPECT_EQ(program.end_within(30s), 0) << said;
    for (const char* words : {"recovered from opencl: ", "\"backend\": \"opencl\",\n          \"code\": \"device failed\"",
                              "\"used\": \"simd\""})
      EXPECT_NE(said.find(words), std::string::npos) << words << "\n" << said;
  });
#endif
}

TEST(DeviceFaults, C8_ALostDeviceIsLostForEveryCall) {
  alone([](const Bench& bench) {
    bench.calibrate();
    Context context({.threads = one_thread});
    warm_up(context);
    const V x = numbers(1000);
    V y = x;
    Report report;
    const Options options{.report = &report, .context = &context};
    bench.plan("clEnqueueNDRangeKernel", 1, 0, no_queue);
    axpy(2.0f, x, y, options);
    expect_recovered(report, Code::device_failed, "start it again");
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], 3 * x[i]);
    axpy(2.0f, x, y, options);
    EXPECT_TRUE(report.recovered_from.empty());
    EXPECT_EQ(report.used, "simd");
    bench.plan("");  // a call that reached the driver would succeed
    const auto begin = steady_clock::now();
    const auto named = try_axpy(2.0f, x, y, {.backend = "opencl", .report = &report, .context = &context});
    EXPECT_LT(steady_clock::now() - begin, 10ms * slow);
    ASSERT_FALSE(named);
    EXPECT_EQ(named.error().code(), Code::device_failed);
    EXPECT_NE(named.error().text().find("is lost for this process: clEnqueueNDRangeKernel: CL_INVALID_COMMAND_QUEUE"),
              std::string::npos)
        << named.error().text();
    EXPECT_EQ(report.outputs, Outputs::unchanged);
  });
}

}  // namespace
}  // namespace flynn::faults

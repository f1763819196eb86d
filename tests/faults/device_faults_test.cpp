// Devices that fail: what auto makes of it, what a named backend says, and what `isolate` keeps away from the program.
// The driver is a real one; between it and flynn is the fake layer of fakes/faulty_opencl.cpp. Row numbers are those of
// docs/faults.md. What was lost stays so in a process, so each test has one of its own.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <flynn/flynn.hpp>
#include <host/choose/chooser.hpp>
#include <host/choose/decide.hpp>
#include <host/icd.hpp>
#include <tests/calibrations.hpp>
#include <tests/faults/leak_check.hpp>

namespace flynn::faults {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using V = std::vector<float>;
namespace fs = std::filesystem;

/// Memory runs out, a launch fails, a device is lost: as the standard numbers them.
constexpr int no_memory = -4, no_resources = -5, no_queue = -36;
constexpr int hang = 1, crash = 2;
constexpr int always = 1 << 30;
/// Of the contexts here: PoCL then takes 2^21 elements a launch on every machine.
constexpr unsigned threads = 1;

/// A folder for a plan and for a calibration by which opencl is the fastest.
class Bench {
 public:
  Bench() {
    char name[] = "/tmp/flynn-device-XXXXXX";
    folder_ = mkdtemp(name);
    setenv("FAKE_OPENCL_PLAN", (folder_ + "/plan").c_str(), 1);
    setenv("XDG_CACHE_HOME", name, 1);
  }
  ~Bench() { fs::remove_all(folder_); }
  Bench(const Bench&) = delete;

  void plan(const std::string& what) const { std::ofstream(folder_ + "/plan") << what; }
  void plan(const char* call, int first, int count, int code) const {
    plan(std::string(call) + " " + std::to_string(first) + " " + std::to_string(count) + " " + std::to_string(code));
  }
  /// Whether a call has been reached that never returns.
  bool hangs() const { return fs::exists(folder_ + "/plan.hangs"); }
  void calibrate() const {
    Calibration c = key_of_this_machine(threads);
    c.identities = {{"opencl", identity_of(open_backend(*find_entry("opencl")))}};
    for (const char* workload : {"axpy", "sum", "scan", "gemm", "copy"})
      for (const auto& [backend, rate] : {std::pair("simd", 1e9), std::pair("opencl", 1e12)}) {
        c.curves.push_back(curve(backend, 1e-7, rate));
        c.curves.back().workload = workload;
      }
    store_calibration(c);
  }

 private:
  std::string folder_;
};

/// Runs a test in a process of its own.
template <class Body>
void alone(Body body) {
  if (const BackendInfo info = Context::standard().backend("opencl"); !info.available) GTEST_SKIP() << info.reason;
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto run = [&] {
    {
      const Bench bench;
      body(bench);
    }
    std::fflush(nullptr);
    std::_Exit(testing::Test::HasFailure() ? 1 : 0);
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(0), "");
}

V numbers(std::size_t n) {
  V values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = float(i % 1000) - 300;
  return values;
}

/// What was recovered from: `code` on opencl, and a word of why.
void expect_recovered(const Report& report, Code code, const char* word) {
  EXPECT_NE(report.used, "opencl");
  ASSERT_EQ(report.recovered_from.size(), 1u) << report.text();
  const Error& error = report.recovered_from[0];
  EXPECT_EQ(error.backend(), "opencl");
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_NE(error.text().find(word), std::string::npos) << error.what();
  EXPECT_NE(report.text().find("recovered from opencl"), std::string::npos) << report.text();
  EXPECT_EQ(report.outputs, Outputs::written);
}

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
      Context context({.threads = threads});
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
    Context context({.threads = threads});
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
    Context other({.threads = threads});  // it is the process that remembers
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
    Context context({.threads = threads});
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
    Context context({.threads = threads});
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
    Context context({.threads = threads});
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
    Context context({.threads = threads});
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

// ---- isolate

/// A process in which every driver call goes through the fake layer; nothing is left of it.
class Isolated {
 public:
  Isolated() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    std::_Exit(0);  // whose runtime has to be loaded before all else
#endif
    setenv("LD_PRELOAD", FLYNN_TEST_FAULTY_OPENCL, 1);
    context_.emplace();
  }
  ~Isolated() {
    context_.reset();
    before_.expect_nothing_left();
    std::ifstream maps("/proc/self/maps");
    const std::string all(std::istreambuf_iterator<char>(maps), {});
    EXPECT_EQ(all.find("libOpenCL"), std::string::npos) << "the driver was opened here";
  }
  Options options(Report* report = nullptr) {
    return {.backend = "opencl", .isolate = true, .report = report, .context = &*context_};
  }
  /// A call is right, and tells in which process.
  pid_t expect_right() {
    V y = x_, right = x_;
    axpy(2.0f, x_, y, options());
    axpy(2.0f, x_, right, {.backend = "simd", .context = &*context_});
    EXPECT_TRUE(y == right);
    EXPECT_EQ(sum(x_, options()), sum(x_, {.backend = "simd", .context = &*context_}));
    const std::vector<pid_t> all = children();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? -1 : all[0];
  }
  /// A call fails, and memory is what it was.
  Error expect_failure(Code code, const Options& options) {
    V y = x_;
    const auto done = try_axpy(2.0f, x_, y, options);
    EXPECT_FALSE(done);
    if (done) return {Code::ok, ""};
    EXPECT_EQ(done.error().code(), code) << done.error().what();
    EXPECT_EQ(done.error().backend(), "opencl");
    EXPECT_TRUE(y == x_);
    std::printf("%s\n", done.error().what());
    return done.error();
  }

 private:
  const LeakCheck before_;
  std::optional<Context> context_;
  const V x_ = numbers(100'000);
};

/// alone() without opening the driver in this process.
template <class Body>
void isolated(Body body) {
  if (installed_icds().empty()) GTEST_SKIP() << "no OpenCL driver is installed";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto run = [&] {
    {
      const Bench bench;
      Isolated process;
      EXPECT_EQ(sum(V{1}, process.options()), 1);  // the driver is open
      body(bench, process);
    }
    std::fflush(nullptr);
    std::_Exit(testing::Test::HasFailure() ? 1 : 0);
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(0), "");
}

TEST(IsolatedDevice, ComputesElsewhere) {
  isolated([](const Bench&, Isolated& process) {
    const pid_t first = process.expect_right();
    EXPECT_EQ(process.expect_right(), first);
    Report report;
    Array<float> x(numbers(1000));
    EXPECT_EQ(sum(x, process.options(&report)), sum(numbers(1000), {.backend = "scalar"}));
    EXPECT_EQ(report.used, "opencl");
    EXPECT_GT(report.clocks.bytes_moved, 0u);
  });
}

TEST(IsolatedDevice, C7_ACompilerThatCrashes) {
  isolated([](const Bench& bench, Isolated& process) {
    bench.plan("clBuildProgram", 1, 1, crash);
    EXPECT_NE(process.expect_failure(Code::worker_died, process.options()).text().find("crashed (signal 11"),
              std::string::npos);
    bench.plan("");
    process.expect_right();
  });
}

TEST(IsolatedDevice, C7_ACompilerThatHangs) {
  isolated([](const Bench& bench, Isolated& process) {
    bench.plan("clBuildProgram", 1, 1, hang);
    Options options = process.options();
    options.deadline = steady_clock::now() + 300ms;
    process.expect_failure(Code::deadline_exceeded, options);
    EXPECT_LT(steady_clock::now(), *options.deadline + 5s);
    bench.plan("");
    process.expect_right();
  });
}

TEST(IsolatedDevice, C8_AnErrorThatStaysCostsOneCall) {
  isolated([](const Bench& bench, Isolated& process) {
    const pid_t before = process.expect_right();
    bench.plan("clEnqueueNDRangeKernel", 1, 0, no_queue);
    process.expect_failure(Code::device_failed, process.options());
    bench.plan("");
    EXPECT_NE(process.expect_right(), before);
  });
}

TEST(IsolatedDevice, C8_AKernelThatGoesAstray) {
  isolated([](const Bench& bench, Isolated& process) {
    bench.plan("text crash");
    process.expect_failure(Code::worker_died, process.options());
    bench.plan("");
    process.expect_right();
  });
}

TEST(IsolatedDevice, C9_AKernelThatNeverEnds) {
  isolated([](const Bench& bench, Isolated& process) {
    bench.plan("text spin");
    Options options = process.options();
    options.deadline = steady_clock::now() + 2s;
    process.expect_failure(Code::deadline_exceeded, options);
    const auto late = steady_clock::now() - *options.deadline;
    EXPECT_GT(late, 0s);
    EXPECT_LT(late, 5s);
    std::printf("told %.2f s after the deadline\n", std::chrono::duration<double>(late).count());
    bench.plan("");
    process.expect_right();
  });
}

TEST(IsolatedDevice, C10_ItsProcessIsKilled) {
  isolated([](const Bench& bench, Isolated& process) {
    const pid_t idle = process.expect_right();
    kill(idle, SIGKILL);
    const pid_t second = process.expect_right();
    EXPECT_NE(second, idle);
    bench.plan("clEnqueueNDRangeKernel", 1, 1, hang);
    steady_clock::time_point begin;
    std::thread killer([&] {
      EXPECT_TRUE(holds_within(20s, [&] { return bench.hangs(); }));
      begin = steady_clock::now();
      kill(second, SIGKILL);
    });
    EXPECT_NE(process.expect_failure(Code::worker_died, process.options()).text().find("was killed (signal 9"),
              std::string::npos);
    killer.join();
    EXPECT_LT(steady_clock::now() - begin, 5s);
    bench.plan("");
    process.expect_right();
  });
}

TEST(IsolatedDevice, C8_AutoGoesElsewhereForThatCall) {
  alone([](const Bench& bench) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return;
#endif
    bench.calibrate();
    setenv("LD_PRELOAD", FLYNN_TEST_FAULTY_OPENCL, 1);
    Context context({.threads = threads});
    Report report;
    const Options options{.isolate = true, .report = &report, .context = &context};
    const V x = numbers(1000);
    const float right = sum(x, {.backend = "simd"});
    EXPECT_EQ(sum(x, options), right);
    ASSERT_EQ(report.used, "opencl");
    bench.plan("clEnqueueNDRangeKernel", 1, 1, crash);
    EXPECT_EQ(sum(x, options), right);
    expect_recovered(report, Code::worker_died, "crashed (signal 11");
    bench.plan("");
    EXPECT_EQ(sum(x, options), right);
    EXPECT_EQ(report.used, "opencl");
  });
}

}  // namespace
}  // namespace flynn::faults

// What `isolate` keeps away from the program when a device fails. Row numbers are those of docs/faults.md.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <flynn/flynn.hpp>
#include <host/icd.hpp>
#include <tests/faults/faulty_device.hpp>
#include <tests/faults/leak_check.hpp>

namespace flynn::faults {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// The fake layer is loaded before all else, as the runtime of a sanitizer has to be.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

/// A process in which every driver call goes through the fake layer; nothing is left of it.
class Isolated {
 public:
  Isolated() {
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
  if (is_sanitized) GTEST_SKIP() << "a sanitizer's runtime and the fake driver would both be the first";
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
  if (is_sanitized) GTEST_SKIP() << "a sanitizer's runtime and the fake driver would both be the first";
  alone([](const Bench& bench) {
    bench.calibrate();
    setenv("LD_PRELOAD", FLYNN_TEST_FAULTY_OPENCL, 1);
    Context context({.threads = one_thread});
    Report report;
    const V x = numbers(1000);
    const float right = sum(x, {.backend = "simd"});
    const auto expect_sum = [&] { EXPECT_EQ(sum(x, {.isolate = true, .report = &report, .context = &context}), right); };
    expect_sum();
    ASSERT_EQ(report.used, "opencl");
    const auto expect_elsewhere_once = [&](int count, int fault, Code code, const char* word) {
      bench.plan("clEnqueueNDRangeKernel", 1, count, fault);
      expect_sum();
      expect_recovered(report, code, word);
      bench.plan("");
      expect_sum();
      EXPECT_EQ(report.used, "opencl");
    };
    expect_elsewhere_once(1, crash, Code::worker_died, "crashed (signal 11");
    expect_elsewhere_once(0, no_queue, Code::device_failed, "CL_INVALID_COMMAND_QUEUE");
  });
}

}  // namespace
}  // namespace flynn::faults

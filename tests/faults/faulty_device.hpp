#pragma once
// A device that fails when a test says so: a real driver, and between it and flynn the fake layer of
// fakes/faulty_opencl.cpp. What was lost stays so in a process, so each test has one of its own.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <flynn/flynn.hpp>
#include <host/choose/chooser.hpp>
#include <host/choose/decide.hpp>
#include <tests/calibrations.hpp>

namespace flynn::faults {

using V = std::vector<float>;

/// Memory runs out, a launch fails, a device is lost: as the standard numbers them.
inline constexpr int no_memory = -4, no_resources = -5, no_queue = -36;
inline constexpr int hang = 1, crash = 2;
inline constexpr int always = 1 << 30;
/// Of the contexts here: PoCL then takes 2^21 elements a launch on every machine.
inline constexpr unsigned one_thread = 1;

/// A folder for a plan and for a calibration by which opencl is the fastest.
class Bench {
 public:
  Bench() {
    char name[] = "/tmp/flynn-device-XXXXXX";
    folder_ = mkdtemp(name);
    setenv("FAKE_OPENCL_PLAN", (folder_ + "/plan").c_str(), 1);
    setenv("XDG_CACHE_HOME", name, 1);
  }
  ~Bench() { std::filesystem::remove_all(folder_); }
  Bench(const Bench&) = delete;

  void plan(const std::string& what) const { std::ofstream(folder_ + "/plan") << what; }
  void plan(const char* call, int first, int count, int code) const {
    plan(std::string(call) + " " + std::to_string(first) + " " + std::to_string(count) + " " + std::to_string(code));
  }
  /// Whether a call has been reached that never returns.
  bool hangs() const { return std::filesystem::exists(folder_ + "/plan.hangs"); }
  void calibrate() const {
    Calibration c = key_of_this_machine(one_thread);
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

/// Where a test runs gtest says nothing; what goes to standard error is shown by the one that waits for it.
inline bool say_failures() {
  const testing::TestResult& result = *testing::UnitTest::GetInstance()->current_test_info()->result();
  for (int i = 0; i < result.total_part_count(); ++i) {
    const testing::TestPartResult& part = result.GetTestPartResult(i);
    if (part.failed()) std::fprintf(stderr, "%s:%d: %s\n", part.file_name(), part.line_number(), part.message());
  }
  return result.Failed();
}

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
    const bool failed = say_failures();
    std::fflush(nullptr);
    std::_Exit(failed ? 1 : 0);
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(0), "");
}

inline V numbers(std::size_t n) {
  V values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = float(i % 1000) - 300;
  return values;
}

/// What was recovered from: `code` on opencl, and a word of why.
inline void expect_recovered(const Report& report, Code code, const char* word) {
  EXPECT_NE(report.used, "opencl");
  ASSERT_EQ(report.recovered_from.size(), 1u) << report.text();
  const Error& error = report.recovered_from[0];
  EXPECT_EQ(error.backend(), "opencl");
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_NE(error.text().find(word), std::string::npos) << error.what();
  EXPECT_NE(report.text().find("recovered from opencl"), std::string::npos) << report.text();
  EXPECT_EQ(report.outputs, Outputs::written);
}

}  // namespace flynn::faults

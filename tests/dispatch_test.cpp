// What a caller sees of the dispatch: choice, errors, reports, stops, and what must not change around a call.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <thread>
#include <vector>

#include <flynn/flynn.hpp>
#include <host/choose/store.hpp>
#include <tests/faults/processes.hpp>

// Sanitizers have operators of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 1
#endif

namespace {
std::atomic<std::size_t> allocations{0};
}

#ifdef COUNTS_ALLOCATIONS
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace flynn {
namespace {

using std::chrono::steady_clock;
using V = std::vector<float>;

TEST(Choice, NamesTheKnownBackendsAndTheNearest) {
  const auto done = try_sum(V{1}, {.backend = "thraeds"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::invalid_argument);
  EXPECT_STREQ(
      done.error().what(),
      "unknown backend \"thraeds\"; known are auto, verify, scalar, simd, threads, processes, opencl and cuda; did "
      "you mean threads?");
}

TEST(Choice, NeverRunsAnythingElse) {
  Report report;
  const auto done = try_sum(V{1}, {.backend = "cuda", .report = &report});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::unavailable);
  EXPECT_EQ(done.error().backend(), "cuda");
  EXPECT_FALSE(done.error().text().empty());
  EXPECT_FALSE(done.error().hint().empty());
  EXPECT_TRUE(report.used.empty());
  EXPECT_EQ(report.outputs, Outputs::unchanged);
}

TEST(Choice, AutoTakesOneThreadForLittleAndAllForMuch) {
  Context context;
  Report report;
  sum(V(16), {.report = &report, .context = &context});
  EXPECT_EQ(report.requested, "auto");
  EXPECT_EQ(report.used, "simd");
  EXPECT_EQ(report.reason, Reason::small);
  sum(V(10'000'000), {.report = &report, .context = &context});
  EXPECT_EQ(report.used, context.threads() > 1 ? "threads" : "simd");
}

TEST(Choice, TheEnvironmentCountsUnlessTheCallerSays) {
  setenv("FLYNN_BACKEND", "scalar", 1);
  Context scalar;
  setenv("FLYNN_BACKEND", "sclar", 1);
  Context wrong;
  unsetenv("FLYNN_BACKEND");
  Report report;
  sum(V{1}, {.report = &report, .context = &scalar});
  EXPECT_EQ(report.used, "scalar");
  EXPECT_EQ(report.reason, Reason::environment);
  sum(V{1}, {.backend = "simd", .report = &report, .context = &scalar});
  EXPECT_EQ(report.used, "simd");
  const auto done = try_sum(V{1}, {.context = &wrong});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::invalid_argument);
  EXPECT_NE(done.error().text().find("in FLYNN_BACKEND"), std::string::npos);
}

TEST(Choice, PlainFunctionsThrowWhatTheirTwinsReturn) {
  try {
    min(V{});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), try_min(V{}).error().text());
  }
}

TEST(Call, OnSixteenElementsAllocatesNothing) {
#ifndef COUNTS_ALLOCATIONS
  GTEST_SKIP() << "a sanitizer counts allocations here";
#endif
  const std::size_t at_start = allocations;
  ::operator delete(::operator new(1));
  ASSERT_EQ(allocations, at_start + 1) << "this test would see nothing";
  const V x(16, 1.5f);
  V y(16);
  axpy(2.0f, x, y);  // the first call makes the context
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) axpy(2.0f, x, y);
  const float total = sum(x);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(total, 24);
}

TEST(Call, ByACalibrationAndWithAReportAllocatesNothing) {
#ifndef COUNTS_ALLOCATIONS
  GTEST_SKIP() << "a sanitizer counts allocations here";
#endif
  Context context;
  Calibration measured = key_of_this_machine(context.threads());
  for (const char* backend : {"scalar", "simd", "threads"})
    measured.curves.push_back(
        {"sum", "f32", backend, {{.work = 4, .overhead = 1e-7, .rate = backend[1] == 'i' ? 2e9 : 1e9}}});
  char folder[] = "/tmp/flynn-dispatch-XXXXXX";
  ASSERT_TRUE(mkdtemp(folder));
  const std::string before_test = std::getenv("XDG_CACHE_HOME");
  setenv("XDG_CACHE_HOME", folder, 1);
  store_calibration(measured);
  const V x(16, 1.5f);
  Report report;
  const Options options{.report = &report, .context = &context};
  sum(x, options);
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) sum(x, options);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(report.reason, Reason::calibrated);
  EXPECT_EQ(report.used, "simd");
  setenv("XDG_CACHE_HOME", before_test.c_str(), 1);
  std::filesystem::remove_all(folder);
}

TEST(Call, OnResidentDataAllocatesNothing) {
#ifndef COUNTS_ALLOCATIONS
  GTEST_SKIP() << "a sanitizer counts allocations here";
#endif
  if (const BackendInfo info = Context::standard().backend("opencl"); !info.available) GTEST_SKIP() << info.reason;
  const Array<float> x(1000);
  Array<float> y(1000);
  const Options options{.backend = "opencl"};
  for (int i = 0; i < 10; ++i) axpy(2.0f, x, y, options);
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) axpy(2.0f, x, y, options);
  EXPECT_EQ(allocations, before);
}

TEST(Call, SetsTheFloatingPointEnvironmentAsideAndRestoresIt) {
  const V x(5000, 0.1f);
  const float expected = sum(x, {.backend = "threads"});
  std::fesetround(FE_UPWARD);
  std::feclearexcept(FE_ALL_EXCEPT);
  const float upward = sum(x, {.backend = "threads"});
  EXPECT_EQ(std::fegetround(), FE_UPWARD);
  EXPECT_EQ(std::fetestexcept(FE_INEXACT), 0);
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(upward, expected);
}

TEST(Call, KeepsSubnormals) {
  V x(64, 1e-45f), y(64);
  for (const char* backend : {"scalar", "simd", "threads", "processes"}) {
    mul(1.0f, x, y, {.backend = backend});
    EXPECT_EQ(y[5], 1e-45f) << backend;
  }
}

TEST(Stop, ADeadlineInThePastStopsBeforeTheWork) {
  V x(100, 1.0f), y(100, 7.0f);
  const auto done = try_copy(x, y, {.deadline = steady_clock::now() - std::chrono::seconds(1)});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::deadline_exceeded);
  EXPECT_EQ(y, V(100, 7.0f));
}

class StopTest : public ::testing::TestWithParam<const char*> {};

/// A gemm of many seconds, on every host backend, must notice within 10 ms; ten times that for a busy machine.
TEST_P(StopTest, ADeadlineEndsALongCall) {
  const std::size_t n = 4000;
  V a(n * n, 1), b(n * n, 1), c(n * n);
  Report report;
  const auto begin = steady_clock::now(), deadline = begin + std::chrono::milliseconds(50);
  const auto done = try_gemm(1.0f, Matrix(a.data(), n, n), Op::none, Matrix(b.data(), n, n), Op::none, 0.0f,
                             Matrix(c.data(), n, n), {.backend = GetParam(), .deadline = deadline, .report = &report});
  const auto late = steady_clock::now() - deadline;
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::deadline_exceeded);
  EXPECT_EQ(report.outputs, report.used == "processes" ? Outputs::unchanged : Outputs::unspecified);
  EXPECT_LT(late, std::chrono::milliseconds(100));
}

TEST_P(StopTest, AStopTokenEndsALongCall) {
  const std::size_t n = 4000;
  V a(n * n, 1), b(n * n, 1), c(n * n);
  std::stop_source source;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    source.request_stop();
  });
  const auto done = try_gemm(1.0f, Matrix(a.data(), n, n), Op::none, Matrix(b.data(), n, n), Op::none, 0.0f,
                             Matrix(c.data(), n, n), {.backend = GetParam(), .stop = source.get_token()});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::cancelled);
}

INSTANTIATE_TEST_SUITE_P(, StopTest, ::testing::Values("scalar", "simd", "threads", "processes"),
                         [](const auto& info) { return info.param; });

TEST(Stop, TheInterruptHookIsAskedOnTheCallersThread) {
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<bool> elsewhere{false};
  std::atomic<int> asked{0};
  Context context({.interrupt = [&] {
    if (std::this_thread::get_id() != caller) elsewhere = true;
    return ++asked > 3;
  }});
  const V x(50'000'000);
  const auto done = try_sum(x, {.backend = "threads", .context = &context});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::cancelled);
  EXPECT_FALSE(elsewhere);
}

TEST(Submit, DeliversValueAndReport) {
  const V x(1000, 0.5f);
  auto future = submit(Sum<float>{x, {}}, {.backend = "simd"});
  const Outcome<float> outcome = future.get();
  EXPECT_EQ(outcome.value, 500);
  EXPECT_EQ(outcome.report.used, "simd");
  EXPECT_THROW(submit(Min<float>{V{}, {}}).get(), Error);
  auto factors = submit([](const Options& o) { return factorize(std::vector<std::uint64_t>{12}, o); });
  EXPECT_EQ(factors.get().value.primes, (std::vector<std::uint64_t>{2, 3}));
}

TEST(Submit, TasksOfADyingContextEndAsCancelled) {
  const V x(20'000'000);
  std::vector<std::future<Outcome<float>>> futures;
  {
    Context context;
    for (int i = 0; i < 50; ++i)
      futures.push_back(submit(Sum<float>{x, {}}, {.backend = "scalar", .context = &context}));
  }
  int cancelled = 0;
  for (auto& future : futures) try {
      future.get();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::cancelled);
      ++cancelled;
    }
  EXPECT_GT(cancelled, 0);
}

TEST(Threads, ManyMayCallAtOnce) {
  V x(100'000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = float(i % 100);
  const float expected = sum(x, {.backend = "scalar"});
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 64; ++c)
    callers.emplace_back([&] {
      Context own;
      for (const char* backend : {"simd", "threads", "processes", "auto"}) {
        wrong += sum(x, {.backend = backend}) != expected;
        wrong += sum(x, {.backend = backend, .context = &own}) != expected;
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Fork, TheChildIsToldInsteadOfLeftHanging) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer allows no new threads after a fork";
#endif
  const V x(1'000'000, 1.0f);
  sum(x, {.backend = "threads"});
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto old = try_sum(x, {.backend = "threads"});
    Context fresh;
    const auto again = try_sum(x, {.backend = "threads", .context = &fresh});
    _exit(!old && old.error().code() == Code::unavailable && again && *again == 1'000'000 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

/// The child has none of the threads of its parent's contexts, and must leave the parent's workers alone.
TEST(Fork, TheChildMayDestroyAContext) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer allows no new threads after a fork";
#endif
  const V x(1'000'000, 1.0f);
  auto context = std::make_unique<Context>();
  for (const char* backend : {"threads", "processes"}) sum(x, {.backend = backend, .context = context.get()});
  const std::vector<pid_t> workers = faults::children();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    context.reset();
    Context fresh;
    const auto again = try_sum(x, {.backend = "processes", .context = &fresh});
    _exit(again && *again == 1'000'000 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(faults::children(), workers);
  EXPECT_EQ(sum(x, {.backend = "processes", .context = context.get()}), 1'000'000);
}

TEST(Report, SaysWhatHappened) {
  Report report;
  sum(V(10), {.backend = "scalar", .report = &report});
  EXPECT_EQ(report.outputs, Outputs::written);
  EXPECT_GT(report.seconds, 0);
  EXPECT_EQ(report.text().rfind("sum f32: requested scalar, used scalar (SISD), as requested, 1 thread, ", 0), 0u)
      << report.text();
}

TEST(Backends, AreAllListed) {
  std::vector<std::string_view> names;
  for (const BackendInfo& info : backends()) {
    names.push_back(info.name);
    EXPECT_TRUE(info.available || !info.reason.empty()) << info.name;
  }
  EXPECT_EQ(names, (std::vector<std::string_view>{"scalar", "simd", "threads", "processes", "opencl", "cuda"}));
}

}  // namespace
}  // namespace flynn

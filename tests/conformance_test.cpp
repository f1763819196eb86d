// Every workload, for every element type, on every backend and every instruction set of this build, at every awkward
// size, with guard pages before and behind the data, off every alignment, and with values that nobody likes.

#include <gtest/gtest.h>

#include <functional>
#include <span>

#include <flynn/backend.hpp>
#include <host/pools/scratch.hpp>
#include <simd/kernels.hpp>
#include <tests/samples/all.hpp>
#include <tests/seed.hpp>

namespace flynn::samples {
namespace {

/// A way to run any spec: a backend through the public API, or the kernels of one instruction set.
struct Runner {
  std::string name;
  std::string backend;       ///< for the public API
  std::string architecture;  ///< else this one
  bool bypass_caches = false, many_streams = false;
};

std::vector<Runner> runners() {
  std::vector<Runner> all = {{"scalar", "scalar", ""},
                             {"threads", "threads", ""},
                             {"processes", "processes", ""},
                             {"opencl", "opencl", ""},
                             {"cuda", "cuda", ""}};
  for (std::string_view arch : simd::architectures())
    for (bool bypass : {false, true})
      for (bool many : {false, true}) {
        std::string name = "simd_" + std::string(arch) + (bypass ? "_streaming" : "") + (many ? "_many" : "");
        all.push_back({name, "", std::string(arch), bypass, many});
      }
  return all;
}

/// Why it cannot run here; empty when it can.
std::string reason_to_skip(const Runner& runner) {
  if (!runner.architecture.empty())
    return simd::backend_for(runner.architecture) ? "" : "this CPU does not run " + runner.architecture;
  const BackendInfo info = Context::standard().backend(runner.backend);
  return info.available ? "" : info.reason;
}

template <Spec W>
Result<void> run_arch(const W& w, const Runner& runner) {
  const Backend& backend = *simd::backend_for(runner.architecture);
  Text text;
  Execution execution{.text = &text,
                      .scratch = thread_scratch,
                      .bypass_caches = runner.bypass_caches,
                      .many_streams = runner.many_streams};
  Status status = w.check(text);
  for (const Row& row : std::span(backend.rows, backend.row_count))
    if (status.ok() && row.id == spec_info<W>().id) status = row.run(&w, execution);
  if (!status.ok()) return tl::unexpected(Error(status.code, text.message));
  return {};
}

template <Spec W>
Result<void> run_with(W w, const Runner& runner) {
  if (!runner.architecture.empty()) return run_arch(w, runner);
  if (auto done = try_run(w, {.backend = runner.backend}); !done) return tl::unexpected(done.error());
  return {};
}

template <Spec W>
void check_one(const Runner& runner, std::size_t n, bool at_end, std::size_t shift, Values values) {
  using T = typename W::value_type;
  GuardedMemory memory(at_end, shift * sizeof(T)), fresh_memory(at_end, shift * sizeof(T));
  const W got = make<W>(n, memory, test_seed() + n, values), fresh = clone(got, fresh_memory);
  const auto done = run_with(got, runner);
  ASSERT_TRUE(done) << done.error().what();
  const Verdict verdict = Sample<W>::judge(got, fresh);
  EXPECT_TRUE(verdict.pass) << "n = " << n << (at_end ? ", before a guard page" : ", behind a guard page")
                            << ", shifted by " << shift << ", values " << int(values) << ": " << verdict.value << " "
                            << verdict.metric << ", " << verdict.where;
}

/// Larger ones are left out: an emulated CPU is hundreds of times slower.
std::size_t largest() {
  const char* given = std::getenv("FLYNN_TEST_LARGEST");
  return given ? std::strtoull(given, nullptr, 10) : std::size_t(-1);
}

template <Spec W>
void check_all(const Runner& runner) {
  using T = typename W::value_type;
  constexpr bool is_bounded = W::rate == Rate::flops;  // a bound says nothing about NaN and infinities
  for (std::size_t n : Sample<W>::sizes())
    for (Values values : {Values::zero_mean, Values::positive, Values::special, Values::zeros}) {
      if (is_bounded && values == Values::special) continue;
      const bool is_plain = values == Values::zero_mean || values == Values::special;
      if (n > largest()) continue;
      if (n > 10'000 && !is_plain) continue;  // the long ones are about caches, not about values
      if (values == Values::zeros && std::is_integral_v<T>) continue;
      check_one<W>(runner, n, true, 0, values);
      if (n > 100'000) continue;
      check_one<W>(runner, n, false, n % 7, values);
      if (::testing::Test::HasFailure()) return;
    }
}

class ConformanceTest : public ::testing::Test {
 public:
  ConformanceTest(Runner runner, std::function<void(const Runner&)> body)
      : runner_(std::move(runner)), body_(std::move(body)) {}
  void TestBody() override {
    if (const std::string reason = reason_to_skip(runner_); !reason.empty())
      GTEST_SKIP() << runner_.name << ": " << reason;
    body_(runner_);
  }

 private:
  Runner runner_;
  std::function<void(const Runner&)> body_;
};

template <Spec W>
std::string test_name() {
  return std::string(W::name) + "_" + std::string(type_name<typename W::value_type>());
}

template <Spec W>
void register_tests(const Runner& runner) {
  ::testing::RegisterTest(runner.name.c_str(), test_name<W>().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [runner]() -> ::testing::Test* { return new ConformanceTest(runner, check_all<W>); });
}

/// The other half of every check above: each judge must see a planted error.
template <Spec W>
class PlantedErrorTest : public ::testing::Test {
 public:
  void TestBody() override {
    Buffers memory;
    const std::size_t n = 257;
    const W got = make<W>(n, memory, test_seed()), fresh = clone(got, memory);
    ASSERT_TRUE(try_run(got, {.backend = "scalar"}));
    ASSERT_TRUE(Sample<W>::judge(got, fresh).pass);
    Sample<W>::plant(got);
    EXPECT_FALSE(Sample<W>::judge(got, fresh).pass);
  }
};

const bool registered = [] {
  for (const Runner& runner : runners())
    AllSpecs::each([&]<class W>() {
      // Arithmetic takes the same way wherever the data is.
      if (W::rate == Rate::bytes || !(runner.bypass_caches || runner.many_streams)) register_tests<W>(runner);
    });
  AllSpecs::each([]<class W>() {
    ::testing::RegisterTest("planted_error", test_name<W>().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            []() -> ::testing::Test* { return new PlantedErrorTest<W>; });
  });
  return true;
}();

}  // namespace
}  // namespace flynn::samples

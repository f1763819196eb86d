// How much memory a call takes beyond its input and output: resident pages, as the kernel counts them. What gemm packs
// is counted in gemm_test.

#include <gtest/gtest.h>
#include <malloc.h>

#include <fstream>
#include <string>
#include <vector>

#include <flynn/flynn.hpp>
#include <tests/samples/random.hpp>
#include <tests/seed.hpp>

namespace flynn {
namespace {

/// A line of /proc/self/status that is a number of KiB, in bytes.
std::size_t memory(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (std::size_t kib = 0; word == field && status >> kib) return 1024 * kib;
  return 0;
}

class Memory : public ::testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's own memory would be counted";
#endif
    if (!count_anew()) GTEST_SKIP() << "/proc/self/clear_refs cannot be written";
  }

  /// By how much more than before was resident at the worst moment of a call.
  template <class Call>
  static std::size_t peak_of(Call call) {
    malloc_trim(0);  // what was freed would be used again, unseen
    count_anew();
    const std::size_t before = memory("VmRSS:");
    call();
    return memory("VmHWM:") - before;
  }

  const Options options{.backend = "threads"};
  /// A thread tells the kernel's count of its pages when 64 have come together.
  const std::size_t uncounted = 64 * 4096 * Context::standard().threads();

 private:
  static bool count_anew() { return bool(std::ofstream("/proc/self/clear_refs") << 5 << std::flush); }  // VmHWM = VmRSS
};

TEST_F(Memory, FactorizeTakesAtMost64BytesANumber) {
  const samples::Random random(test_seed(), 0);
  const auto bytes_beyond_output = [&](std::size_t n) {
    std::vector<std::uint64_t> numbers(n);
    for (std::size_t i = 0; i < n; ++i) numbers[i] = random.bits(i);
    Factors factors;
    const std::size_t peak = peak_of([&] { factors = factorize(numbers, options); });
    return peak - sizeof(std::uint64_t) * (factors.offsets.size() + factors.primes.size()) - factors.exponents.size();
  };
  bytes_beyond_output(5000);
  for (std::size_t n : {65'536, 200'000}) EXPECT_LE(bytes_beyond_output(n), 64 * n + uncounted) << n;
}

TEST_F(Memory, ScanAndReductionsTakeNoneThatGrows) {
  const auto all_of_them = [&](std::size_t n) {
    std::vector<float> x(n, 1), y(n, 1);
    return peak_of([&] {
      inclusive_scan(x, y, 0, options);
      exclusive_scan(x, y, 0, options);
      (void)sum(x, options);
      (void)argmax(x, options);
    });
  };
  all_of_them(1 << 16);
  EXPECT_LE(all_of_them(1 << 24), uncounted);
}

}  // namespace
}  // namespace flynn

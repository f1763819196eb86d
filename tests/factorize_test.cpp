// Factorisation on every backend and instruction set: the numbers that are hard, and coreutils' `factor` as a witness
// that shares nothing with us.

#include <gtest/gtest.h>
#include <unistd.h>
#include <flynn/backend.hpp>
#include <flynn/flynn.hpp>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include <host/pools/scratch.hpp>
#include <simd/kernels.hpp>
#include <tests/hard_numbers.hpp>
#include <tests/seed.hpp>

namespace flynn {
namespace {

using hard::Number;
using hard::Numbers;

/// What is wrong with the factors of these numbers; empty when nothing is. Needs no other factoriser: each row must
/// ascend, multiply to its number and hold primes, by a test of its own.
std::string error_in(const Numbers& numbers, const Factors& factors) {
  if (factors.size() != numbers.size()) return "there are " + std::to_string(factors.size()) + " rows";
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t begin = factors.offsets[i], count = factors.offsets[i + 1] - begin;
    if (count > 15 || !samples::Sample<Factorize<Number>>::row_is_right(numbers[i], factors.primes.data() + begin,
                                                                        factors.exponents.data() + begin,
                                                                        static_cast<std::uint8_t>(count)))
      return "the factors of " + std::to_string(numbers[i]) + " are wrong";
  }
  return {};
}

/// "2^3 7" for 56.
std::string row_text(const Factors& factors, std::size_t i) {
  std::string text;
  for (std::size_t k = factors.offsets[i]; k < factors.offsets[i + 1]; ++k)
    for (int e = 0; e < factors.exponents[k]; ++e) text += ' ' + std::to_string(factors.primes[k]);
  return text;
}

/// A backend of the public API, or the kernels of one instruction set as "simd_ARCH".
class FactorizeTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (is_arch()) {
      if (!simd::backend_for(arch())) GTEST_SKIP() << "this CPU does not run " << arch();
    } else if (const BackendInfo info = Context::standard().backend(GetParam()); !info.available) {
      GTEST_SKIP() << info.name << ": " << info.reason;
    }
  }
  Factors factorize(const Numbers& numbers) const {
    return is_arch() ? factorize_on_arch(numbers) : flynn::factorize(numbers, {.backend = GetParam()});
  }

 private:
  static constexpr std::string_view prefix = "simd_";
  bool is_arch() const { return GetParam().starts_with(prefix); }
  std::string arch() const { return GetParam().substr(prefix.size()); }

  Factors factorize_on_arch(const Numbers& numbers) const {
    using W = Factorize<Number>;
    std::vector<Number> primes(W::row_capacity * numbers.size());
    std::vector<std::uint8_t> exponents(primes.size()), counts(numbers.size());
    const W w{numbers, primes, exponents, counts};
    Text text;
    Execution execution{.text = &text, .scratch = thread_scratch};
    const Backend& backend = *simd::backend_for(arch());
    for (const Row& row : std::span(backend.rows, backend.row_count))
      if (row.id == spec_info<W>().id) {
        EXPECT_TRUE(row.run(&w, execution).ok()) << text.message;
      }
    Factors factors;
    for (std::size_t i = 0, at = 0; i < numbers.size(); ++i, at += counts[i - 1]) {
      if (i % W::group == 0) at = W::row_capacity * i;
      for (std::size_t k = at; k < at + counts[i]; ++k) {
        factors.primes.push_back(primes[k]);
        factors.exponents.push_back(exponents[k]);
      }
      factors.offsets.push_back(factors.primes.size());
    }
    return factors;
  }
};

TEST_P(FactorizeTest, HardNumbers) {
  const Numbers numbers = hard::all(test_seed());
  EXPECT_EQ(error_in(numbers, factorize(numbers)), "");
}

// The lanes of a vector and the rows of a group must not depend on what else is in them.
TEST_P(FactorizeTest, OneNumberAlone) {
  for (Number n : {Number{0}, Number{1}, Number{97}, Number{1523} * 1559 * 2141 * 4957, Number{16294579238595022365u},
                   ~Number{0}, hard::previous_prime(0)})
    EXPECT_EQ(error_in({n}, factorize({n})), "");
}

TEST_P(FactorizeTest, NoNumbers) { EXPECT_EQ(factorize({}).size(), 0u); }

TEST_P(FactorizeTest, EveryNumberUpTo70000) {
  Numbers numbers(70'000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
  EXPECT_EQ(error_in(numbers, factorize(numbers)), "");
}

/// 100,000 numbers: the range of the course's example, and random ones of 32, 48 and 64 bits.
Numbers random_numbers() {
  const samples::Random random(test_seed(), 3);
  Numbers numbers;
  for (std::size_t i = 0; i < 55'000; ++i) numbers.push_back(random.between(i, 20'000, 100'000'000));
  for (std::size_t i = 0; i < 25'000; ++i) numbers.push_back(random.bits(1'000'000 + i) >> 32);
  for (std::size_t i = 0; i < 12'000; ++i) numbers.push_back(random.bits(2'000'000 + i) >> 16);
  for (std::size_t i = 0; i < 8'000; ++i) numbers.push_back(random.bits(3'000'000 + i));
  return numbers;
}

/// What coreutils prints for them, line by line; none when there is no `factor`. The process runs once for all tests.
const std::vector<std::string>& lines_of_coreutils() {
  static const std::vector<std::string> lines = [] {
    std::vector<std::string> lines;
    char path[] = "/tmp/flynn_factorize_XXXXXX";
    const int file = mkstemp(path);
    std::string text;
    for (Number n : random_numbers()) text += std::to_string(n) + '\n';
    const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(file);
    std::FILE* output = written ? popen(("factor < " + std::string(path)).c_str(), "r") : nullptr;
    char line[1024];
    while (output && std::fgets(line, sizeof line, output)) lines.emplace_back(line, std::strlen(line) - 1);
    if (output) pclose(output);
    unlink(path);
    return lines;
  }();
  return lines;
}

TEST_P(FactorizeTest, SameAsCoreutils) {
  if (lines_of_coreutils().empty()) GTEST_SKIP() << "there is no `factor` of coreutils here";
  const Numbers numbers = random_numbers();
  const Factors factors = factorize(numbers);
  ASSERT_EQ(lines_of_coreutils().size(), numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i)
    ASSERT_EQ(std::to_string(numbers[i]) + ':' + row_text(factors, i), lines_of_coreutils()[i]);
}

std::vector<std::string> ways() {
  std::vector<std::string> all = {"scalar", "threads", "processes", "opencl"};
  for (std::string_view arch : simd::architectures()) all.push_back("simd_" + std::string(arch));
  return all;
}
INSTANTIATE_TEST_SUITE_P(Ways, FactorizeTest, testing::ValuesIn(ways()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name)
    if (c == '.') c = '_';
  return name;
});

// The other half of the checks above: they must see each kind of wrong answer.
TEST(FactorizeCheck, SeesPlantedErrors) {
  const Numbers numbers = {97, 60, 35, 4294967291u};  // 97 | 2^2 3 5 | 5 7 | 4294967291
  const Factors right = factorize(numbers, {.backend = "scalar"});
  ASSERT_EQ(error_in(numbers, right), "");
  const auto broken = [&](const std::function<void(Factors&)>& breaks) {
    Factors factors = right;
    breaks(factors);
    return error_in(numbers, factors);
  };
  EXPECT_NE(broken([](Factors& f) { f.primes[0] = 89; }), "") << "a wrong prime";
  EXPECT_NE(broken([](Factors& f) { f.exponents[1] = 1; }), "") << "a wrong exponent";
  EXPECT_NE(broken([](Factors& f) { std::swap(f.primes[4], f.primes[5]); }), "") << "not ascending";
  EXPECT_NE(broken([](Factors& f) { f.exponents[6] = 0; }), "") << "a missed factor";
  EXPECT_NE(broken([](Factors& f) { f.offsets.pop_back(); }), "") << "a missing row";
  EXPECT_NE(broken([](Factors& f) { f.offsets[1] = 0; }), "") << "a row that took another's factors";
  EXPECT_NE(broken([](Factors& f) { f.primes[4] = 35, f.offsets[3] = 5; }), "") << "a factor that is not prime";
}

}  // namespace
}  // namespace flynn

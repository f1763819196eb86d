// sum, dot, axpy and scan of 10,000,019 elements: the same 64 bits from every backend, every instruction set and every number
// of threads. Prints them, so that they can be compared with those of another machine.

#include <gtest/gtest.h>

#include <algorithm>
#include <cinttypes>
#include <cstring>
#include <map>
#include <span>
#include <string>

#include <flynn/backend.hpp>
#include <host/cut/run_parts.hpp>
#include <host/plans/scan.hpp>
#include <host/pools/scratch.hpp>
#include <simd/kernels.hpp>
#include <tests/samples/all.hpp>
#include <tests/seed.hpp>

namespace flynn::samples {
namespace {

constexpr std::size_t n = 10'000'019;

/// What is compared: the sum, or a hash over the bits of everything written (FNV-1a, word by word).
template <Spec W>
std::uint64_t bits_of(W w) {
  std::uint64_t bits = 0;
  if constexpr (Reduces<W>) {
    const auto value = W::finish(w.result[0]);
    std::memcpy(&bits, &value, sizeof value);
  } else {
    bits = 14695981039346656037u;
    w.each_buffer([&]<class V>(V& view) {
      if constexpr (V::access != Access::read)
        for (std::size_t i = 0; i < view.size(); ++i) {
          std::uint64_t word = 0;
          std::memcpy(&word, &view[i], sizeof view[i]);
          bits = (bits ^ word) * 1099511628211u;
        }
    });
  }
  return bits;
}

template <class W>
class BitsTest : public ::testing::Test {};
using Specs = ::testing::Types<Sum<float>, Sum<double>, Dot<float>, Dot<double>, Axpy<float>, Axpy<double>,
                               Scan<float>, Scan<double>>;
TYPED_TEST_SUITE(BitsTest, Specs);

TYPED_TEST(BitsTest, AreTheSameEverywhere) {
  using W = TypeParam;
  std::map<std::string, std::uint64_t> seen;
  auto record = [&](const std::string& where, auto run) {
    Buffers memory;
    W w = make<W>(n, memory, test_seed());
    run(w);
    seen[where] = bits_of(w);
    std::printf("%s %s %016" PRIx64 " %s\n", std::string(W::name).c_str(),
                std::string(type_name<typename W::value_type>()).c_str(), seen[where], where.c_str());
  };
  record("scalar", [](W& w) { run(w, {.backend = "scalar"}); });
  for (std::string_view arch : simd::architectures()) {
    const Backend* simd = simd::backend_for(arch);
    if (!simd) {
      std::printf("%s is not run: this CPU lacks it\n", std::string(arch).c_str());
      continue;
    }
    auto leaf = [&]<Spec P>(const P& p, Execution& e) {  // of a scan also the sums of its parts
      return std::find_if(simd->rows, simd->rows + simd->row_count, [](const Row& r) { return r.id == spec_info<P>().id; })
          ->run(&p, e);
    };
    for (unsigned threads = 1; threads <= 8; ++threads)
      record(std::string(arch) + ", " + std::to_string(threads) + " threads", [&](W& w) {
        ThreadPool pool(threads, {});
        Text text;
        Execution execution{.threads = threads, .text = &text, .scratch = thread_scratch};
        ThreadTeam team(pool, execution, leaf);
        ASSERT_TRUE(run_parts(w, team).ok()) << text.message;
      });
  }
  record("processes", [](W& w) { run(w, {.backend = "processes"}); });
  if (Context::standard().backend("opencl").available)
    record("opencl", [](W& w) { run(w, {.backend = "opencl"}); });
  else
    std::printf("opencl is not run: %s\n", Context::standard().backend("opencl").reason.c_str());
  for (const auto& [where, bits] : seen) EXPECT_EQ(bits, seen["scalar"]) << where;
}

}  // namespace
}  // namespace flynn::samples

// The backend "verify": several do the same work, and must agree.

#include <gtest/gtest.h>

#include <vector>

#include <flynn/flynn.hpp>
#include <host/verify/verify.hpp>
#include <tests/samples/all.hpp>
#include <tests/seed.hpp>

namespace flynn {
namespace {

using samples::Sample;

/// Runs a spec on scalar.
template <Spec W>
Status on_scalar(const void* spec) {
  W w = *static_cast<const W*>(spec);
  return {try_run(w, {.backend = "scalar"}) ? Code::ok : Code::internal};
}

template <Spec W>
std::string name_of_spec() {
  return std::string(W::name) + "/" + std::string(type_name<typename W::value_type>());
}

TEST(Verify, AgreesOnEveryWorkload) {
  AllSpecs::each([]<class W>() {
    SCOPED_TRACE(name_of_spec<W>());
    samples::Buffers memory;
    Report report;
    const auto done =
        try_run(samples::make<W>(129, memory, test_seed()), {.backend = "verify:threads,scalar", .report = &report});
    EXPECT_TRUE(done) << done.error().what();
    EXPECT_EQ(report.used, "threads");
    EXPECT_EQ(report.verified_by[0], "scalar");
    EXPECT_EQ(report.kind, FlynnClass::misd);
  });
}

TEST(Verify, NoticesAPlantedErrorInEveryWorkload) {
  AllSpecs::each([]<class W>() {
    SCOPED_TRACE(name_of_spec<W>());
    samples::Buffers memory;
    const W w = samples::make<W>(129, memory, test_seed());
    const Witness witnesses[] = {{"right", on_scalar<W>}, {"sick", [](const void* spec) {
                                                             const Status s = on_scalar<W>(spec);
                                                             Sample<W>::plant(*static_cast<const W*>(spec));
                                                             return s;
                                                           }}};
    Text text;
    EXPECT_EQ(verify(spec_index<W>(), &w, witnesses, text).code, Code::disagreement) << text.message;
  });
}

TEST(Verify, SaysWhereAndWhat) {
  std::vector<float> x = {1, 2, 3}, y(3);
  const Copy<float> w{x, y};
  const Witness witnesses[] = {{"simd", on_scalar<Copy<float>>}, {"opencl", [](const void* spec) {
                                                                    const Status s = on_scalar<Copy<float>>(spec);
                                                                    static_cast<const Copy<float>*>(spec)->y[1] = 2.5f;
                                                                    return s;
                                                                  }}};
  Text text;
  EXPECT_EQ(verify(spec_index<Copy<float>>(), &w, witnesses, text).code, Code::disagreement);
  EXPECT_STREQ(text.message,
               "simd and opencl disagree on copy of f32: 2 (0x1p+1) and 2.5 (0x1.4p+1) at index 1, 1 place in all");
  EXPECT_STREQ(text.hint, "run `compute_bench --backend simd,opencl --workload copy` to see which is wrong");
  EXPECT_EQ(y, x) << "the result is that of the first one";
}

TEST(Verify, GivesEachTheSameInputs) {
  std::vector<double> x(5000, 0.5), y(5000, 1.0);
  axpy(2.0, x, y, {.backend = "verify:simd,threads,scalar"});  // in place: y counts once, not three times
  EXPECT_EQ(y, std::vector<double>(5000, 2.0));
  inclusive_scan(y, y, 0.0, {.backend = "verify:threads,scalar"});
  EXPECT_EQ(y.back(), 10000.0);
}

TEST(Verify, LeavesWhatLiesBetweenRows) {
  constexpr std::size_t n = 7, ld = 10;
  std::vector<float> a(n * ld, 1), b(n * ld, 2), c(n * ld, -3);
  run(Gemm<float>{.a = {a.data(), n, n, ld}, .b = {b.data(), n, n, ld}, .beta = 1, .c = {c.data(), n, n, ld}},
      {.backend = "verify:threads,scalar"});
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < ld; ++j) EXPECT_EQ(c[i * ld + j], j < n ? 2.0f * n - 3 : -3) << i << ' ' << j;
}

TEST(Verify, ComparesArraysOfDevices) {
  if (const BackendInfo info = Context::standard().backend("opencl"); !info.available) GTEST_SKIP() << info.reason;
  Array<float> x(std::vector<float>(1000, 2.0f)), y(std::vector<float>(1000, 1.0f));
  axpy(1.0f, x, y, {.backend = "opencl"});
  axpy(1.0f, x, y, {.backend = "verify:opencl,simd"});
  EXPECT_EQ(sum(y, {.backend = "simd"}), 5000.0f);
}

TEST(Verify, TakesItsNamesFromTheCaller) {
  const std::vector<float> x = {1, 2};
  auto error = [&](std::string_view backend) { return try_sum(x, {.backend = backend}).error(); };
  EXPECT_STREQ(error("verify:simd").what(),
               "verify needs two backends that do the same work; give another one, for example verify:simd,scalar");
  EXPECT_STREQ(error("verify:simd,simd").what(), "verify takes up to 4 backends, each once");
  EXPECT_TRUE(error("verify:simd,skalar").text().starts_with("unknown backend \"skalar\""));
  EXPECT_TRUE(error("verify:").text().starts_with("unknown backend \"\""));
  EXPECT_TRUE(error("verified").text().starts_with("unknown backend \"verified\""));
}

TEST(Verify, ChoosesBackendsThatShareNoKernel) {
  Report report;
  EXPECT_EQ(sum(std::vector<float>{1, 2}, {.backend = "verify", .report = &report}), 3.0f);
  EXPECT_EQ(report.requested, "verify");
  EXPECT_EQ(report.used, "threads");
  EXPECT_FALSE(report.verified_by[0].empty());
  EXPECT_NE(report.text().find("verified by"), std::string::npos) << report.text();
}

}  // namespace
}  // namespace flynn

// The OpenCL module as the library calls it: the devices that it names, no platform, and what a call costs beyond the
// bare calls of OpenCL. What it is made of is in opencl_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include <flynn/flynn.hpp>
#include <kernels/kernels.hpp>

namespace flynn {
namespace {

TEST(OpenclModule, NamesItsDevicesWhenOneDoesNotExist) {
  const std::vector<float> x(10, 1.0f);
  EXPECT_EQ(sum(x, {.backend = "opencl", .device = 0}), 10.0f);
  for (int device : {99, -2}) {
    const auto result = try_sum(x, {.backend = "opencl", .device = device});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::invalid_argument);
    EXPECT_NE(result.error().text().find("0 = "), std::string::npos) << result.error().text();
  }
}

/// The ICD loader reads the variable once, so this needs a process of its own.
TEST(OpenclModuleDeathTest, SaysThatThereIsNoPlatform) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto without_platform = [] {
    setenv("OCL_ICD_VENDORS", "/nonexistent", 1);
    const std::vector<float> x(10, 1.0f);
    const auto result = try_sum(x, {.backend = "opencl"});
    if (result) std::exit(1);
    std::fprintf(stderr, "%s\n", result.error().what());
    const bool rest_runs = sum(x, {.backend = "simd"}) == 10.0f;
    std::exit(result.error().code() == Code::unavailable && rest_runs ? 0 : 2);
  };
  EXPECT_EXIT(without_platform(), testing::ExitedWithCode(0), "no OpenCL platform.*apt-get install pocl-opencl-icd");
}

/// The library's part of a call: what it takes beyond the bare calls of OpenCL that any program must make.
TEST(Overhead, OfACallOnResidentDataIsSmall) {
  if (const BackendInfo info = Context::standard().backend("opencl"); !info.available) GTEST_SKIP() << info.reason;
  constexpr std::size_t n = 256;
  const Array<float> x(n);
  Array<float> y(n);
  constexpr unsigned all_cores = 1 << 20;
  opencl::Device device(opencl::device_at(-1, all_cores).id());
  const opencl::Kernel kernel = device.kernel(kernels::entry<float>("axpy", "k_axpy"));
  cl_int error;
  const opencl::CommandQueue queue(clCreateCommandQueue(device.context(), device.id(), 0, &error));
  const opencl::Memory in(clCreateBuffer(device.context(), CL_MEM_READ_WRITE, 4 * n, nullptr, &error));
  const opencl::Memory out(clCreateBuffer(device.context(), CL_MEM_READ_WRITE, 4 * n, nullptr, &error));
  const auto bare = [&] {
    const std::size_t begin = 0, end = n, items = n, group = n;
    const float a = 2;
    const cl_mem x_memory = in.get(), y_memory = out.get();
    const std::pair<const void*, std::size_t> values[] = {
        {&begin, 8}, {&end, 8}, {&a, 4}, {&x_memory, 8}, {&y_memory, 8}};
    for (cl_uint i = 0; i < 5; ++i) clSetKernelArg(kernel.get(), i, values[i].second, values[i].first);
    cl_event event;
    clEnqueueNDRangeKernel(queue.get(), kernel.get(), 1, nullptr, &items, &group, 0, nullptr, &event);
    clWaitForEvents(1, &event);
    clReleaseEvent(event);
  };
  const Options options{.backend = "opencl"};
  const auto time = [](const auto& f) {
    const std::int64_t begin = monotonic_ns();
    f();
    return double(monotonic_ns() - begin);
  };
  double ratio = 2;
  for (int attempt = 0; attempt < 3 && ratio >= 1.2; ++attempt) {  // others may disturb one
    std::vector<double> bare_times, times;
    for (int round = 0; round < 2000; ++round) {
      bare_times.push_back(time(bare));
      times.push_back(time([&] { axpy(2.0f, x, y, options); }));
    }
    std::ranges::nth_element(bare_times, bare_times.begin() + 1000);
    std::ranges::nth_element(times, times.begin() + 1000);
    ratio = times[1000] / bare_times[1000];
    std::printf("bare %.1f us, flynn %.1f us, ratio %.2f\n", 1e-3 * bare_times[1000], 1e-3 * times[1000], ratio);
  }
  EXPECT_LT(ratio, 1.2);
}

}  // namespace
}  // namespace flynn

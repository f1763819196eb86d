// What is special about the OpenCL module: its devices, errors, cache and buffers, and the texts as a GPU gets them.
// The conformance test runs its kernels as any other backend's; opencl_module_test.cpp calls it through the library.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <cpu_fallback/kernels.hpp>
#include <kernels/kernels.hpp>

#include "seed.hpp"

namespace flynn {
namespace {

using opencl::Failure;
using opencl::Queue;
constexpr unsigned all_cores = 1 << 20;

/// The first device as it is, and as a GPU would be: its own shape of the texts, data copied there and back.
opencl::Device& cpu() {
  static auto& device = *new opencl::Device(opencl::device_at(-1, all_cores).id());
  return device;
}
opencl::Device& gpu() {
  static auto& device = *[] {
    Device facts = opencl::device_at(-1, all_cores).facts();
    facts.is_cpu = false;
    return new opencl::Device(opencl::device_at(-1, all_cores).id(), facts);
  }();
  return device;
}

template <class W>
Clocks run(opencl::Device& device, void (*plan)(Queue&, const W&), const W& w) {
  Text text;
  Clocks clocks;
  Execution execution{.text = &text, .clocks = &clocks};
  Queue queue(device, execution);
  plan(queue, w);
  queue.finish();
  return clocks;
}

template <class T>
std::vector<T> random_values(std::size_t n, unsigned stream) {
  std::mt19937_64 random(test_seed() * 1000 + stream);
  std::vector<T> values(n);
  for (T& v : values) {
    if constexpr (std::is_integral_v<T>)
      v = static_cast<T>(random());
    else
      v = static_cast<T>(std::ldexp(double(std::int64_t(random())), int(random() % 40) - 83));
  }
  return values;
}

/// Puts in what the order of min and max is particular about.
template <class T>
void add_specials(std::vector<T>& x) {
  if constexpr (std::is_floating_point_v<T>) {
    const T specials[] = {T(0), -T(0), std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::infinity(),
                          -std::numeric_limits<T>::infinity()};
    for (std::size_t i = 0; i < x.size(); i += 3) x[i] = specials[i / 3 % 5];
    if (x.size() % 2 == 0) x[x.size() / 2] = std::numeric_limits<T>::quiet_NaN();
  }
}

template <class P>
void expect_same(const P& got, const P& expected) {
  if constexpr (requires { got.index; }) {
    EXPECT_EQ(got.index, expected.index);
    EXPECT_EQ(std::memcmp(&got.value, &expected.value, sizeof got.value), 0);
  } else {
    EXPECT_EQ(std::memcmp(&got, &expected, sizeof got), 0) << got << " is not " << expected;
  }
}

// Around a lane row, a block, a group of 8 blocks, a chunk of the extremum texts, and k_combine's 1024 blocks.
constexpr std::size_t sizes[] = {1, 31, 32, 33, 1023, 1024, 1025, 8191, 8193, 16384, 16385, 100003, (1 << 20) + 1};

template <class W>
void expect_scalar_bits(void (*plan)(Queue&, const W&), Status (*oracle)(const W&, Execution&), bool specials) {
  using T = typename W::value_type;
  for (std::size_t n : sizes) {
    SCOPED_TRACE(testing::Message() << W::name << " " << type_name<T>() << " n = " << n);
    std::vector<T> x = random_values<T>(n, 1), y = random_values<T>(n, 2);
    if (specials) add_specials(x);
    W w;
    w.x = In<T>(x);
    if constexpr (requires { w.y; }) w.y = In<T>(y);
    typename W::Partial expected, got;
    w.result = {&expected, 1};
    Text text;
    Execution execution{.text = &text};
    ASSERT_TRUE(oracle(w, execution).ok());
    w.result = {&got, 1};
    for (opencl::Device* device : {&cpu(), &gpu()}) {
      std::memset(static_cast<void*>(&got), 0x55, sizeof got);
      run(*device, plan, w);
      expect_same(got, expected);
    }
  }
}

template <class T>
class OpenclNumbers : public testing::Test {};
using Numbers = testing::Types<float, double, std::int32_t, std::uint32_t, std::int64_t, std::uint64_t>;
TYPED_TEST_SUITE(OpenclNumbers, Numbers);

TYPED_TEST(OpenclNumbers, ReduceHasTheBitsOfScalar) {
  using T = TypeParam;
  expect_scalar_bits<Sum<T>>(&kernels::sum, &scalar::sum, false);
  expect_scalar_bits<Min<T>>(&kernels::min, &scalar::min, true);
  expect_scalar_bits<Max<T>>(&kernels::max, &scalar::max, true);
  if constexpr (std::is_floating_point_v<T>) {
    expect_scalar_bits<Dot<T>>(&kernels::dot, &scalar::dot, false);
    expect_scalar_bits<Norm2<T>>(&kernels::norm2, &scalar::norm2, false);
    expect_scalar_bits<Argmin<T>>(&kernels::argmin, &scalar::argmin, true);
    expect_scalar_bits<Argmax<T>>(&kernels::argmax, &scalar::argmax, true);
  }
}

TEST(Opencl, EqualElementsGiveTheFirst) {
  const std::vector<float> x(50000, 7.0f);
  for (opencl::Device* device : {&cpu(), &gpu()}) {
    Indexed<float> found;
    run<Argmin<float>>(*device, &kernels::argmin, {x, {&found, 1}, 11});
    EXPECT_EQ(found.index, 11u);
  }
}

TEST(Opencl, SumOfNegativeZerosIsNegative) {
  const std::vector<double> x(1500, -0.0);
  for (opencl::Device* device : {&cpu(), &gpu()}) {
    double result;
    run<Sum<double>>(*device, &kernels::sum, {x, {&result, 1}});
    expect_same(result, -0.0);
  }
}

TEST(Opencl, ACpuGetsNoMoreCoresThanTheCallMayUse) {
  if (!opencl::device_at(-1, all_cores).facts().is_cpu || cpu().facts().compute_units < 2)
    GTEST_SKIP() << "needs a CPU device with two cores";
  opencl::Device& one = opencl::device_at(-1, 1);
  EXPECT_EQ(one.facts().compute_units, 1u);
  EXPECT_EQ(&one, &opencl::device_at(-1, 1));
  std::vector<float> x(10, 1.0f), y(10, 1.0f);
  run<Axpy<float>>(one, &kernels::axpy, {2.0f, x, y});
  EXPECT_EQ(y, std::vector<float>(10, 3.0f));
}

TEST(Opencl, WorksInPlace) {
  const std::vector<float> start = random_values<float>(5000, 1);
  for (opencl::Device* device : {&cpu(), &gpu()}) {
    std::vector<float> x = start;
    const Clocks clocks = run<Add<float>>(*device, &kernels::add, {x, x, x});
    EXPECT_EQ(clocks.bytes_moved, device == &gpu() ? 2 * x.size() * sizeof(float) : 0);  // one buffer for all three
    run<Axpy<float>>(*device, &kernels::axpy, {2.0f, x, x});
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(x[i], 6 * start[i]) << i;
  }
}

TEST(Opencl, TwoViewsOfSharedMemoryAreFine) {
  const std::vector<double> x = random_values<double>(4097, 1);
  const std::span<const double> all = x;
  const Dot<double> shifted{all.first(4096), all.last(4096), {}};
  for (opencl::Device* device : {&cpu(), &gpu()}) {
    double got, expected;
    Dot<double> w = shifted;
    w.result = {&got, 1};
    run<Dot<double>>(*device, &kernels::dot, w);
    w.result = {&expected, 1};
    Execution execution;
    ASSERT_TRUE(scalar::dot(w, execution).ok());
    expect_same(got, expected);
  }
}

TEST(Opencl, KeepsSubnormals) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  std::vector<float> x(100, tiny), y(100);
  run<Mul<float>>(cpu(), &kernels::mul, {3.0f, x, y});
  for (float v : y) ASSERT_EQ(v, 3 * tiny);
}

/// A matrix goes there and back by rows: what lies between them belongs to somebody else.
TEST(Opencl, LeavesGapsOfAMatrixAlone) {
  Text text;
  Clocks clocks;
  Execution execution{.text = &text, .clocks = &clocks};
  std::vector<float> m(10 * 8, 1.0f);
  const InOut<float, 2> view(m.data(), 10, 5, 8);
  const std::vector<float> twos(m.size(), 2.0f);
  Queue queue(gpu(), execution);
  const std::size_t n = view.footprint();
  queue.launch(kernels::entry<float>("copy", "k_copy"), 1, 256, std::size_t{0}, n, queue.buffer(In<float>(twos)),
               queue.buffer(view));
  queue.finish();
  for (std::size_t i = 0; i < m.size(); ++i) EXPECT_EQ(m[i], i % 8 < 5 ? 2.0f : 1.0f) << i;
}

TEST(Opencl, CountsWhatItMoves) {
  std::vector<float> x(1000, 1.0f), y(1000, 2.0f);
  const Axpy<float> w{3.0f, x, y};
  EXPECT_EQ(run<Axpy<float>>(gpu(), &kernels::axpy, w).bytes_moved, 3 * 4000u);
  const Copy<float> copy{x, y};
  EXPECT_EQ(run<Copy<float>>(gpu(), &kernels::copy, copy).bytes_moved, 2 * 4000u);
  const Clocks in_place = run<Axpy<float>>(cpu(), &kernels::axpy, w);
  EXPECT_EQ(in_place.bytes_moved, 0u);
  EXPECT_GT(in_place.device_seconds, 0);
}

TEST(Opencl, NothingIsLaunchedForNoElements) {
  double result = 1;
  const Sum<double> nothing{{}, {&result, 1}};
  EXPECT_EQ(run<Sum<double>>(cpu(), &kernels::sum, nothing).device_seconds, 0);
  expect_same(result, 0.0);
  EXPECT_EQ(run<Copy<double>>(cpu(), &kernels::copy, {}).device_seconds, 0);
}

TEST(Opencl, StopsBeforeALaunch) {
  std::vector<float> x(10);
  Text text;
  Execution execution{.text = &text, .deadline = monotonic_ns() - 1};
  Queue queue(cpu(), execution);
  try {
    kernels::copy(queue, Copy<float>{x, x});
    FAIL() << "launched after the deadline";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::deadline_exceeded);
  }
}

TEST(Opencl, BuildsEveryTextOnceForEachType) {
  opencl::Device device(cpu().id());
  std::vector<float> x(10);
  std::vector<double> z(10);
  for (int i = 0; i < 3; ++i) run<Copy<float>>(device, &kernels::copy, {x, x});
  EXPECT_EQ(device.builds(), 1u);
  run<Copy<double>>(device, &kernels::copy, {z, z});
  EXPECT_EQ(device.builds(), 2u);
}

TEST(Opencl, ThreadsShareADevice) {
  opencl::Device device(cpu().id());
  const std::vector<float> x = random_values<float>(300000, 1);
  float expected;
  run<Sum<float>>(device, &kernels::sum, {x, {&expected, 1}});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        float sum;
        std::vector<float> y = x;
        run<Axpy<float>>(device, &kernels::axpy, {-1.0f, x, y});
        run<Sum<float>>(device, &kernels::sum, {x, {&sum, 1}});
        EXPECT_EQ(sum, expected);
        EXPECT_EQ(y, std::vector<float>(x.size()));
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(device.builds(), 2u);
}

TEST(Opencl, ReportsWhatTheCompilerSays) {
  opencl::Device device(cpu().id());
  const kernels::Entry entry{"planted", "k_planted", "f32"};
  try {
    device.kernel("#line 7 \"planted.kernel\"\n__kernel void k_planted_f32() { no_such_function(); }", entry);
    FAIL() << "a bad text was built";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::device_failed);
    EXPECT_NE(std::strstr(failure.what(), "planted.kernel:7"), nullptr) << failure.what();
    EXPECT_NE(std::strstr(failure.what(), "no_such_function"), nullptr) << failure.what();
  }
  EXPECT_EQ(device.builds(), 0u);
}

TEST(Opencl, RefusesWhatTheDeviceLacks) {
  Device facts = cpu().facts();
  facts.has_f64 = false;
  opencl::Device device(cpu().id(), facts);
  std::vector<double> x(10);
  std::vector<float> y(10);
  try {
    run<Copy<double>>(device, &kernels::copy, {x, x});
    FAIL() << "ran double precision";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::unsupported);
    EXPECT_NE(std::strstr(failure.what(), "double precision"), nullptr) << failure.what();
  }
  run<Copy<float>>(device, &kernels::copy, {y, y});

  const In<float> huge(y.data(), std::size_t{1} << 50);
  try {
    float result;
    run<Sum<float>>(gpu(), &kernels::sum, {huge, {&result, 1}});
    FAIL() << "made a buffer of 4 PiB";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::out_of_memory);
  }
}

/// Small devices exist: one work-item in a group, and next to no local memory.
TEST(Opencl, RefusesWhatTheDeviceHasNoRoomFor) {
  std::vector<float> x(100, 1.0f), y(100, 2.0f);
  float result;
  for (const opencl::Limits& tiny : {opencl::Limits{1, 1 << 20, 1 << 20}, opencl::Limits{4096, 64, 1 << 20}}) {
    opencl::Device device(cpu().id(), gpu().facts(), tiny);
    run<Axpy<float>>(device, &kernels::axpy, {3.0f, x, y});  // fits everywhere
    for (float v : std::exchange(y, std::vector<float>(100, 2.0f))) ASSERT_EQ(v, 5.0f);
    const char* const lacking = tiny.group_items == 1 ? "groups of 1 work-items" : "64 bytes of local memory";
    try {
      run<Sum<float>>(device, &kernels::sum, {x, {&result, 1}});
      FAIL() << "ran without " << lacking;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Code::unsupported);
      EXPECT_NE(std::strstr(failure.what(), lacking), nullptr) << failure.what();
    }
  }
}

}  // namespace
}  // namespace flynn

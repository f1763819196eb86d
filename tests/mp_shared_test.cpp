// What processes share: nothing of it is copied, and each process maps it once.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <flynn/mp.hpp>
#include <host/pools/mappings.hpp>
#include <host/pools/shared_memory.hpp>
#include <tests/faults/leak_check.hpp>

namespace flynn::mp {
namespace {

using namespace std::chrono_literals;
using SharedVectorTest = faults::LeakTest;

double sum_of(const shared_vector<double>& x) { return std::accumulate(x.begin(), x.end(), 0.0); }
std::uintptr_t address_of(const shared_vector<double>& x) { return reinterpret_cast<std::uintptr_t>(x.data()); }
void fill(shared_vector<int> x, int begin, int end) { std::iota(x.begin() + begin, x.begin() + end, begin); }

TEST_F(SharedVectorTest, ATaskSeesTheElementsAndTheProgramWhatATaskWrites) {
  Pool pool(2u);
  shared_vector<double> x(1000, 2.0);
  EXPECT_EQ(pool.apply(sum_of, x), 2000);
  x[0] = 3;
  EXPECT_EQ(pool.apply(sum_of, x), 2001);
  shared_vector<int> y(1000);
  std::vector<std::tuple<shared_vector<int>, int, int>> parts;
  for (int i = 0; i < 1000; i += 100) parts.emplace_back(y, i, i + 100);
  pool.starmap(fill, parts, 1);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(y[std::size_t(i)], i);
}

TEST_F(SharedVectorTest, IsMappedOnceInEachWorker) {
  Pool pool(1u);
  const shared_vector<double> x(1 << 20, 1.0);
  const auto before = pool.apply(faults::mapped_memfds);
  const auto first = pool.apply(address_of, x);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(pool.apply(address_of, x), first);
  EXPECT_EQ(pool.apply(faults::mapped_memfds), before + 1);
}

TEST_F(SharedVectorTest, LeavesTheWorkersWhenItHasGone) {
  Pool pool(1u);
  const auto before = pool.apply(faults::mapped_memfds);
  {
    const shared_vector<double> x(1000, 1.0);
    EXPECT_EQ(pool.apply(sum_of, x), 1000);
  }
  pool.apply(getpid);
  EXPECT_TRUE(faults::holds_within(1s * faults::slow, [&] { return pool.apply(faults::mapped_memfds) == before; }));
}

TEST_F(SharedVectorTest, MayBeWhatATaskReturns) {
  Pool pool(1u);
  const auto files = faults::open_files();
  for (int i = 0; i < 100; ++i) {
    const auto x = pool.apply([] { return shared_vector<int>(1000, 7); });
    ASSERT_EQ(x.size(), 1000u);
    EXPECT_EQ(x[999], 7);
    const auto two = pool.apply([](shared_vector<int> y) { return std::pair(y, y); }, x);
    EXPECT_EQ(two.first.data(), x.data());
    EXPECT_EQ(two.second.data(), x.data());
  }
  EXPECT_EQ(faults::open_files(), files);
}

TEST_F(SharedVectorTest, IsGivenToEachNewWorkerAndToTheInitializer) {
  static shared_vector<int> kept;
  shared_vector<int> x(4, 1);
  Pool pool({.processes = 2, .initializer = call([](shared_vector<int> y) { kept = y; }, x), .maxtasksperchild = 1});
  for (int i = 0; i < 20; ++i)
    pool.apply(
        [](shared_vector<int> y) {
          if (y.data() != kept.data()) throw std::logic_error("two mappings");
          ++kept[0];
        },
        x);
  EXPECT_EQ(x[0], 21);
}

/// What comes twice before anybody has taken it is there for two takers, as one and the same memory.
TEST_F(SharedVectorTest, ThatIsSentTwiceIsMappedOnce) {
  constexpr std::uint64_t sender = 1, id = 2;
  constexpr std::size_t bytes = 4096;
  const auto send = [&, memory = SharedMemory(bytes)] {
    add_mapping(sender, id, fcntl(memory.file(), F_DUPFD_CLOEXEC, 0), bytes);
  };
  const auto before = faults::mapped_memfds();
  send(), send();
  const auto first = take_mapping(sender, id, 1), second = take_mapping(sender, id, 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(second, first);
  EXPECT_EQ(faults::mapped_memfds(), before + 1);
  EXPECT_FALSE(take_mapping(sender, id, 1)) << "there were two";
}

class MethodTest : public faults::LeakTest, public testing::WithParamInterface<StartMethod> {
 protected:
  MethodTest() : LeakTest(GetParam()) {}
};
INSTANTIATE_TEST_SUITE_P(, MethodTest, testing::Values(StartMethod::forkserver, StartMethod::spawn),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

TEST_P(MethodTest, AProcessSeesTheElementsToo) {
  shared_vector<int> x(1000);
  Process process({.start_method = GetParam()}, fill, x, 0, 1000);
  process.start();
  ASSERT_TRUE(process.join(10s * faults::slow));
  process.check();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(x[std::size_t(i)], i);
}

TEST_F(SharedVectorTest, OfNothingAndInThreads) {
  Pool pool(1u);
  EXPECT_EQ(pool.apply(sum_of, shared_vector<double>()), 0);
  ThreadPoolExecutor threads(2);
  EXPECT_EQ(threads.submit(sum_of, shared_vector<double>(10, 1.0)).result(), 10);
  std::vector<std::byte> bytes(100);
  Writer out(bytes);
  EXPECT_THROW(out(shared_vector<double>(10)), Error);
}

}  // namespace
}  // namespace flynn::mp

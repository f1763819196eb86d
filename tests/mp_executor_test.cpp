// The executors: one interface, whether threads or processes do the work.

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <thread>

#include <flynn/mp.hpp>
#include <tests/faults/leak_check.hpp>

namespace flynn::mp {
namespace {

using namespace std::chrono_literals;

int square(int x) { return x * x; }
int fail_at_7(int x) {
  if (x == 7) throw std::out_of_range("seven");
  return x;
}
int sleep_for(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  return milliseconds;
}

template <class E>
class ExecutorTest : public faults::LeakTest {};
using Executors = ::testing::Types<ThreadPoolExecutor, ProcessPoolExecutor>;
TYPED_TEST_SUITE(ExecutorTest, Executors);

TYPED_TEST(ExecutorTest, Submits) {
  TypeParam executor(2);
  const Future<int> y = executor.submit(square, 7);
  EXPECT_EQ(y.result(), 49);
  EXPECT_EQ(y.result(1s), 49);
  EXPECT_TRUE(y.done());
  EXPECT_FALSE(y.cancelled());
  EXPECT_FALSE(y.cancel());
  EXPECT_EQ(y.exception(), nullptr);
  EXPECT_EQ(executor.submit([](const std::string& s) { return s + "!"; }, std::string("a")).result(), "a!");
  executor.submit([] {}).result();
  EXPECT_EQ(executor.map(square, std::vector<int>{1, 2, 3}), (std::vector<int>{1, 4, 9}));
}

TYPED_TEST(ExecutorTest, TellsWhatWasThrown) {
  TypeParam executor(2);
  const auto failed = executor.submit(fail_at_7, 7);
  EXPECT_THROW(failed.result(), std::exception);
  EXPECT_NE(failed.exception(), nullptr);
  const Result<int> result = failed.try_result();
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().text().find("std::out_of_range: seven"), std::string::npos) << result.error().text();
  EXPECT_THROW(executor.map(fail_at_7, std::vector<int>{6, 7, 8}), std::exception);
}

TYPED_TEST(ExecutorTest, WaitsForSomeOrAll) {
  TypeParam executor(3);
  const std::vector<Future<int>> futures = {executor.submit(sleep_for, 400), executor.submit(sleep_for, 10),
                                            executor.submit(fail_at_7, 7)};
  const auto failed = wait(futures, forever, ReturnWhen::first_exception);
  EXPECT_GE(failed.done.size(), 1u);
  EXPECT_EQ(failed.done.size() + failed.not_done.size(), 3u);
  const auto some = wait(futures, 5ms);
  EXPECT_FALSE(some.not_done.empty());
  const auto all = wait(futures);
  EXPECT_EQ(all.done.size(), 3u);
  EXPECT_TRUE(all.not_done.empty());
}

TYPED_TEST(ExecutorTest, GivesThemAsTheyAreDone) {
  TypeParam executor(3);
  std::vector<Future<int>> futures;
  for (int milliseconds : {600, 300, 1}) futures.push_back(executor.submit(sleep_for, milliseconds));
  std::vector<int> order;
  for (const auto& future : as_completed(futures)) order.push_back(future.result());
  EXPECT_EQ(order, (std::vector<int>{1, 300, 600}));
  as_completed late(std::vector{executor.submit(sleep_for, 500)}, 10ms);
  EXPECT_THROW(late.begin(), TimeoutError);
}

TYPED_TEST(ExecutorTest, CancelsWhatHasNotBegun) {
  TypeParam executor(1);
  const auto running = executor.submit(sleep_for, 200);
  const auto waiting = executor.submit(square, 2);
  ASSERT_TRUE(faults::holds_within(5s, [&] { return running.running() || running.done(); }));
  EXPECT_FALSE(running.cancel());
  EXPECT_TRUE(waiting.cancel());
  EXPECT_TRUE(waiting.cancel());
  EXPECT_TRUE(waiting.cancelled());
  EXPECT_TRUE(waiting.done());
  EXPECT_THROW(waiting.result(), CancelledError);
  EXPECT_EQ(running.result(), 200);
  EXPECT_EQ(executor.submit(square, 3).result(), 9);
}

TYPED_TEST(ExecutorTest, CallsBack) {
  std::atomic<int> sum = 0;
  {
    TypeParam executor(2);
    for (int i = 1; i <= 10; ++i)
      executor.submit(square, i).add_done_callback([&](const Future<int>& f) { sum += f.result(); });
    const auto done = executor.submit(square, 11);
    done.result();
    done.add_done_callback([&](const Future<int>& f) { sum += f.result(); });
  }
  EXPECT_EQ(sum, 506);
}

TYPED_TEST(ExecutorTest, ShutsDown) {
  TypeParam executor(1);
  const auto running = executor.submit(sleep_for, 100);
  ASSERT_TRUE(faults::holds_within(5s, [&] { return running.running() || running.done(); }));
  std::vector<Future<int>> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(executor.submit(square, i));
  executor.shutdown({.cancel_futures = true});
  EXPECT_EQ(running.result(), 100);
  for (const auto& future : waiting) EXPECT_THROW(future.result(), CancelledError);
  EXPECT_THROW(executor.submit(square, 1), Error);
  executor.shutdown();
}

TYPED_TEST(ExecutorTest, WaitsForWhatWasSubmittedWhenItGoes) {
  Future<int> last;
  {
    TypeParam executor(1);
    for (int i = 0; i < 5; ++i) last = executor.submit(sleep_for, 10);
  }
  EXPECT_TRUE(last.done());
  EXPECT_EQ(last.result(), 10);
}

TEST(ThreadExecutor, TakesAnythingThatCanBeCalled) {
  ThreadPoolExecutor executor(2);
  int captured = 5;
  EXPECT_EQ(executor.submit([&](std::unique_ptr<int> p) { return *p + captured; }, std::make_unique<int>(2)).result(),
            7);
  EXPECT_THROW(executor.submit(fail_at_7, 7).result(), std::out_of_range) << "the exception itself";
}

TEST(ProcessExecutor, LosesOneCallWithAWorker) {
  ProcessPoolExecutor executor(2);
  const auto victim = executor.submit([] { raise(SIGKILL); });
  std::vector<Future<int>> others;
  for (int i = 0; i < 50; ++i) others.push_back(executor.submit(square, i));
  EXPECT_THROW(victim.result(), WorkerDied);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(others[std::size_t(i)].result(), i * i);
}

}  // namespace
}  // namespace flynn::mp

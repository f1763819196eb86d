// Pipes between threads and processes: values, ends, and what is said when an end is gone.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <numeric>
#include <thread>

#include <flynn/mp.hpp>
#include <tests/code_of.hpp>
#include <tests/faults/leak_check.hpp>
#include <tests/waits.hpp>

namespace flynn::mp {
namespace {

using namespace std::chrono_literals;
using PipeTest = faults::LeakTest;
using Names = std::vector<std::string>;

void echo(const Connection& end) {
  try {
    for (;;) end.send(end.recv<Names>());
  } catch (const Closed&) {
  }
}

void add_up(const Connection& from, const Connection& to) {
  std::int64_t sum = 0;
  try {
    for (;;) sum += from.recv<int>();
  } catch (const Closed&) {
    to.send(sum);
  }
}

TEST_F(PipeTest, SendsValuesBothWays) {
  const auto [a, b] = Pipe();
  a.send(7);
  a.send("text");
  b.send(Names{"x", "y"});
  EXPECT_EQ(b.recv<int>(), 7);
  EXPECT_EQ(b.recv<std::string>(), "text");
  EXPECT_EQ(a.recv<Names>(), (Names{"x", "y"}));
  EXPECT_FALSE(a.poll());
}

TEST_F(PipeTest, GoesOneWayOnlyIfAsked) {
  const auto [in, out] = Pipe(false);
  EXPECT_TRUE(in.readable() && !in.writable() && out.writable() && !out.readable());
  out.send(1.5);
  EXPECT_EQ(in.recv<double>(), 1.5);
  EXPECT_EQ(code_of([&] { in.send(1); }), Code::invalid_argument);
  EXPECT_EQ(code_of([&] { out.recv<int>(); }), Code::invalid_argument);
}

TEST_F(PipeTest, WaitsAtMostSoLong) {
  const auto [a, b] = Pipe();
  expect_to_last(20ms, [&] { EXPECT_THROW(a.recv<int>(20ms), TimeoutError); });
  expect_to_last(20ms, [&] { EXPECT_FALSE(a.poll(20ms)); });
  EXPECT_EQ(a.try_recv<int>(0ns).error().code(), Code::deadline_exceeded);
  b.send(3);
  EXPECT_TRUE(a.poll(forever));
  EXPECT_EQ(a.recv<int>(0ns), 3);
}

TEST_F(PipeTest, KeepsHalfAValueForLater) {
  const auto [a, b] = Pipe();
  const std::vector<int> much(1 << 20, 5);
  std::thread sender([&, b = b] { b.send(much); });
  std::optional<std::vector<int>> got;
  while (!got)
    if (auto result = a.try_recv<std::vector<int>>(0ns)) got = std::move(*result);
  sender.join();
  EXPECT_EQ(*got, much);
}

TEST_F(PipeTest, NamesAWrongType) {
  const auto [a, b] = Pipe();
  a.send(7);
  EXPECT_EQ(code_of([&] { b.recv<double>(); }), Code::invalid_argument);
  a.send(8);
  EXPECT_EQ(b.recv<int>(), 8);
}

TEST_F(PipeTest, SaysThatTheOtherEndIsGone) {
  auto [a, b] = Pipe();
  b.send(1);
  b.close();
  EXPECT_TRUE(b.closed());
  EXPECT_EQ(code_of([&] { b.send(2); }), Code::invalid_argument);
  EXPECT_EQ(a.recv<int>(), 1);
  EXPECT_TRUE(a.poll());
  EXPECT_THROW(a.recv<int>(), Closed);
  EXPECT_THROW(a.send(1), Closed);  // and no SIGPIPE
  EXPECT_EQ(code_of([] { Connection().send(1); }), Code::invalid_argument);
}

TEST_F(PipeTest, RefusesWhatIsNoMessage) {  // E1
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{1} << 40}) {
    const auto [a, b] = Pipe();
    const std::uint64_t head[] = {size == std::uint64_t{1} << 40 ? 0x70697065u : 7u, 1, size};
    ASSERT_EQ(::send(b.fileno(), head, sizeof head, 0), ssize_t(sizeof head));
    b.close();
    EXPECT_THROW(a.recv<int>(5s), Error);
  }
}

TEST_F(PipeTest, IsAnArgumentOfAProcess) {
  auto [here, there] = Pipe();
  Process process(echo, std::move(there));
  process.start();
  const Names names{"a", "b"};
  here.send(names);
  EXPECT_EQ(here.recv<Names>(10s), names);
  const Names many(100'000, std::string(30, 'x'));
  here.send(many);
  EXPECT_EQ(here.recv<Names>(10s), many);
  here.close();
  EXPECT_TRUE(process.join(10s));  // it has seen the end
  EXPECT_EQ(process.exitcode(), 0);
}

TEST_F(PipeTest, IsAnArgumentOfATask) {
  Pool pool(2);
  auto [numbers_in, numbers_out] = Pipe(false);
  auto [sum_in, sum_out] = Pipe(false);
  const auto done = pool.apply_async(add_up, std::move(numbers_in), std::move(sum_out));
  for (int i = 1; i <= 1000; ++i) numbers_out.send(i);
  numbers_out.close();
  EXPECT_EQ(sum_in.recv<std::int64_t>(10s), 500'500);
  done.get(10s);
  EXPECT_THROW(sum_in.recv<int>(10s), Closed);  // no worker has kept it, nor the pool
}

TEST_F(PipeTest, IsAnArgumentOfAnInitializer) {
  auto [here, there] = Pipe();
  Pool pool({.processes = 3, .initializer = call([](const Connection& end) { end.send(getpid()); }, std::move(there))});
  std::vector<pid_t> told, pids = pool.pids();
  for (int i = 0; i < 3; ++i) told.push_back(here.recv<pid_t>(10s));
  std::sort(told.begin(), told.end());
  std::sort(pids.begin(), pids.end());
  EXPECT_EQ(told, pids);
}

TEST(PipeOfACopy, IsNotLeftOpenInForkedWorkers) {  // not LeakTest, which has threads
  if (faults::threads() > 1) GTEST_SKIP() << "there are threads already: run this test alone";
  auto [here, there] = Pipe();
  Pool pool({.processes = 2, .start_method = StartMethod::fork});
  there.close();
  EXPECT_THROW(here.recv<int>(5s), Closed);
}

TEST_F(PipeTest, IsNotAnItemOfWhatHasNoDescriptors) {
  const auto [a, b] = Pipe();
  EXPECT_EQ(code_of([&, a = a, b = b] { a.send(b); }), Code::unsupported);
}

TEST_F(PipeTest, ServesThreadsAtOnce) {
  const auto [a, b] = Pipe();
  std::vector<std::thread> threads;
  std::atomic<std::int64_t> sum = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([a = a] {
      for (int i = 1; i <= 1000; ++i) a.send(std::int64_t{i});
    });
    threads.emplace_back([b = b, &sum] {
      for (int i = 1; i <= 1000; ++i) sum += b.recv<std::int64_t>(10s);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 4 * 500'500);
}

}  // namespace
}  // namespace flynn::mp

// flynn::mp::Process, and what is common to all start methods.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <flynn/mp.hpp>
#include <tests/faults/leak_check.hpp>

namespace flynn::mp {
namespace {

using namespace std::chrono_literals;

/// `fork` is refused once there are threads: then it is the fork server that warms up.
class ProcessTest : public faults::LeakTest, public ::testing::WithParamInterface<StartMethod> {
 protected:
  ProcessTest() : LeakTest(GetParam()) {}
  static ProcessOptions options() { return {.start_method = GetParam()}; }
};

TEST_P(ProcessTest, RunsAFunction) {
  const std::size_t files = faults::open_files();
  {
    Process process(
        options(), [](int code) { std::exit(code); }, 3);
    EXPECT_FALSE(process.is_alive());
    EXPECT_EQ(process.pid(), 0);
    EXPECT_THROW(process.join(), Error);
    process.start();
    EXPECT_GT(process.pid(), 0);
    EXPECT_THROW(process.start(), Error);
    EXPECT_TRUE(process.join());
    EXPECT_FALSE(process.is_alive());
    EXPECT_EQ(process.exitcode(), 3);
    EXPECT_TRUE(process.error());
    Process good(options(), [] {});
    good.start();
    good.join();
    EXPECT_EQ(good.exitcode(), 0);
    EXPECT_FALSE(good.error());
  }
  EXPECT_EQ(faults::open_files(), files);
}

TEST_P(ProcessTest, IsThereWhileItRuns) {
  Process process({.name = "sleeper", .start_method = GetParam()}, [] { sleep(60); });
  process.start();
  EXPECT_TRUE(process.is_alive());
  EXPECT_EQ(process.exitcode(), std::nullopt);
  EXPECT_FALSE(process.join(10ms));
  const std::vector<ProcessInfo> active = active_children();
  ASSERT_EQ(active.size(), 1u);
  EXPECT_EQ(active[0].pid, process.pid());
  EXPECT_EQ(active[0].name, "sleeper");
  process.terminate();
  pollfd end = {process.sentinel(), POLLIN, 0};
  EXPECT_EQ(poll(&end, 1, 5000), 1);
  EXPECT_TRUE(process.join(5s));
  EXPECT_EQ(process.exitcode(), -SIGTERM);
  EXPECT_TRUE(active_children().empty());
}

TEST_P(ProcessTest, BringsWhatItsFunctionThrew) {
  Process process({.name = "thrower", .start_method = GetParam()}, [] { throw std::runtime_error("oops"); });
  process.start();
  process.join();
  EXPECT_EQ(process.exitcode(), 1);
  ASSERT_TRUE(process.error());
  EXPECT_EQ(process.error()->text(), "thrower threw std::runtime_error: oops");
  EXPECT_THROW(process.check(), RemoteError);
}

TEST_P(ProcessTest, TellsWhereItCrashed) {
  Process process(options(), [] { std::abort(); });
  process.start();
  process.join();
  EXPECT_EQ(process.exitcode(), -SIGABRT);
  try {
    process.check();
    FAIL();
  } catch (const WorkerDied& died) {
    EXPECT_EQ(died.signal(), SIGABRT);
    EXPECT_NE(died.stack().find("abort"), std::string::npos) << died.stack();
  }
}

TEST_P(ProcessTest, KnowsItself) {
  EXPECT_EQ(current_process().name, "MainProcess");
  EXPECT_FALSE(parent_process());
  Process process(
      {.name = "knower", .start_method = GetParam()},
      [](pid_t parent) {
        const bool is_right = current_process().name == "knower" && current_process().pid == getpid() &&
                              parent_process() && parent_process()->pid == parent &&
                              parent_process()->name == "MainProcess";
        std::exit(is_right ? 0 : 9);
      },
      getpid());
  process.start();
  process.join();
  EXPECT_EQ(process.exitcode(), 0);
}

TEST_P(ProcessTest, MayHaveProcessesOfItsOwn) {
  Process process(options(), [] {
    Pool pool(2);
    const auto squares = pool.map([](int x) { return x * x; }, std::vector<int>{1, 2, 3});
    std::exit(squares == std::vector<int>{1, 4, 9} ? 5 : 6);
  });
  process.start();
  ASSERT_TRUE(process.join(20s));
  EXPECT_EQ(process.exitcode(), 5) << (process.error() ? process.error()->what() : "");
}

TEST_P(ProcessTest, DiesWithItsObjectWhenItIsADaemon) {
  pid_t pid;
  {
    Process process({.daemon = true, .start_method = GetParam()}, [] { sleep(60); });
    process.start();
    pid = process.pid();
  }
  EXPECT_FALSE(faults::is_alive(pid));
}

TEST_P(ProcessTest, LeavesNoThreadOrChildBehind) {
  const std::size_t children = faults::children().size();
  for (int i = 0; i < 5; ++i) {
    Process process(options(), [] {});
    process.start();
  }
  EXPECT_EQ(faults::children().size(), children);
}

INSTANTIATE_TEST_SUITE_P(, ProcessTest, ::testing::Values(StartMethod::forkserver, StartMethod::spawn),
                         [](const auto& info) { return std::string(name_of(info.param)); });

/// In a copy of this test that has one thread: gtest's main thread alone, since each TEST is a process of its own under
/// CTest; when run by hand, a thread may be there from an earlier test.
TEST(Fork, CopiesThisProcess) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer does not follow a copy of a process";
#endif
  int in_this_process = 17;
  if (faults::threads() > 1) GTEST_SKIP() << "there are threads";
  static int value;
  value = in_this_process;
  Process process({.start_method = StartMethod::fork}, [] { std::exit(value); });
  process.start();
  process.join();
  EXPECT_EQ(process.exitcode(), 17) << "a copy has what was there";
  Pool pool(PoolOptions{.processes = 2, .start_method = StartMethod::fork});
  EXPECT_EQ(pool.apply([] { return value; }), 17);
}

TEST(Fork, IsRefusedWithThreads) {
  std::atomic<bool> is_over = false;
  std::thread thread([&] { is_over.wait(false); });
  Process process({.start_method = StartMethod::fork}, [] {});
  try {
    process.start();
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unsupported);
    EXPECT_NE(error.text().find("threads"), std::string::npos) << error.text();
    EXPECT_NE(error.hint().find("forkserver"), std::string::npos) << error.hint();
  }
  is_over = true;
  is_over.notify_all();
  thread.join();
}

TEST(ForkServer, A16_IsStartedAgainWhenItDied) {
  Process first([] {});
  first.start();
  first.join();
  const std::vector<pid_t> children = faults::children();
  if (children.empty()) GTEST_SKIP() << "this build has threads before main, and so no fork server";
  ASSERT_EQ(children.size(), 1u);
  Process running([] { sleep(60); });
  running.start();
  kill(children[0], SIGKILL);
  Process second([] { std::exit(4); });
  second.start();
  EXPECT_TRUE(second.join(2s));
  EXPECT_EQ(second.exitcode(), 4);
  EXPECT_TRUE(running.is_alive()) << "its processes do not need it";
  running.kill();
  running.join();
  EXPECT_EQ(running.exitcode(), -SIGKILL) << "and their ends are seen";
}

TEST(StartMethods, HaveNames) {
  EXPECT_EQ(name_of(StartMethod::spawn), "spawn");
  EXPECT_EQ(get_start_method(), StartMethod::forkserver);
  EXPECT_GE(cpu_count(), 1u);
}

}  // namespace
}  // namespace flynn::mp

// The process pool under what design.md section 7 promises. Row numbers are those of the list of faults in
// docs/faults.md; each test also checks that no process and no file descriptor is left.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdio>
#include <optional>

#include <host/detect/budget.hpp>
#include <tests/faults/functions.hpp>
#include <tests/faults/processes.hpp>

namespace flynn::faults {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class ProcessPoolTest : public ::testing::Test {
 protected:
  void SetUp() override { files_ = open_files(); }
  void TearDown() override {
    pool_.reset();
    memory_ = SharedMemory();
    EXPECT_TRUE(holds_within(5s, [] { return children().empty(); })) << "a process is left";
    EXPECT_EQ(open_files(), files_) << "a file descriptor is left";
  }

  ProcessPool& make_pool(unsigned workers) {
    return pool_.emplace(ProcessPool::Settings{FLYNN_TEST_WORKER, workers, {}});
  }

  /// Runs tasks that what(i) describes; gives the status, with its words in text_.
  template <class What>
  Status run(std::size_t tasks, const What& what, std::int64_t deadline = no_deadline) {
    text_ = {};
    Execution execution{.threads = 64, .text = &text_, .deadline = deadline};
    ProcessPool::Use use(*pool_, execution);
    if (const Status s = use.begin(); !s.ok()) return s;
    if (memory_.data()) use.share(*find_shared(memory_.data(), memory_.bytes()));
    const Status status = use.run(tasks, [&](std::size_t i, Task& task) {
      const std::pair<Do, Argument> w = what(i);
      write(task, w.first, w.second);
    });
    took_part_ = use.workers();
    return status;
  }

  /// Memory that `tasks` tasks mark when they run.
  void make_marks(std::size_t tasks) { memory_ = SharedMemory(tasks * sizeof(std::uint64_t)); }
  volatile std::uint64_t& marked(std::size_t i) { return static_cast<volatile std::uint64_t*>(memory_.data())[i]; }
  Argument mark(std::size_t i, std::int64_t number = 0) const { return {memory_.id(), i, number}; }

  void expect_whole(unsigned workers) {
    EXPECT_TRUE(holds_within(1s * slow, [&] { return pool_->pids().size() == workers; }))
        << pool_->pids().size() << " of " << workers;
    constexpr std::size_t tasks = 3000;  // more than a board holds
    const SharedMemory before = std::move(memory_);
    make_marks(tasks);
    const Status status = run(tasks, [&](std::size_t i) { return std::pair(Do::add, mark(i)); });
    EXPECT_TRUE(status.ok()) << text_.message;
    for (std::size_t i = 0; i < tasks; ++i) ASSERT_EQ(marked(i), i + 1);
  }

  /// Runs sleeping tasks, has `strike` do its worst when all of them have begun, and expects worker_died with `words`.
  void expect_death(unsigned workers, const std::function<void()>& strike, const char* words) {
    make_marks(workers);
    steady_clock::time_point struck;
    std::thread other([&] {
      for (unsigned i = 0; i < workers; ++i)
        while (marked(i) == 0) std::this_thread::yield();
      struck = steady_clock::now();
      strike();
    });
    const Status status = run(workers, [&](std::size_t i) { return std::pair(Do::sleep, mark(i, 30'000)); });
    const auto end = steady_clock::now();
    other.join();
    EXPECT_EQ(status.code, Code::worker_died);
    EXPECT_NE(std::string(text_.message).find(words), std::string::npos) << text_.message;
    EXPECT_LT(end - struck, 1s * slow);
    std::printf("told after %.1f ms: %s\n", std::chrono::duration<double, std::milli>(end - struck).count(),
                text_.message);
  }

  std::optional<ProcessPool> pool_;
  SharedMemory memory_;
  Text text_;
  unsigned took_part_ = 0;
  std::size_t files_ = 0;
};

TEST_F(ProcessPoolTest, RunsEveryTask) {
  for (unsigned workers : {1u, 2u, 5u}) {
    make_pool(workers);
    expect_whole(workers);
    pool_.reset();
  }
}

TEST_F(ProcessPoolTest, UsesItsWorkersAtOnce) {
  make_pool(3);
  const auto begin = steady_clock::now();
  ASSERT_TRUE(run(3, [&](std::size_t) { return std::pair(Do::sleep, Argument{.number = 200}); }).ok());
  EXPECT_LT(steady_clock::now() - begin, 500ms * slow);
  EXPECT_EQ(took_part_, 3u);
}

TEST_F(ProcessPoolTest, TellsTheFirstFailure) {
  make_pool(2);
  const Status status = run(100, [&](std::size_t i) { return std::pair(i == 7 ? Do::fail : Do::add, Argument{}); });
  EXPECT_EQ(status.code, Code::unsupported);
  EXPECT_STREQ(text_.message, "no wish to do this");
  expect_whole(2);
}

TEST_F(ProcessPoolTest, A1_SurvivesAKilledBusyWorker) {
  for (unsigned workers : {1u, 2u, 5u, 13u}) {
    make_pool(workers);
    expect_death(
        workers, [&] { kill(pool_->pids().back(), SIGKILL); }, "was killed (signal 9, Killed)");
    expect_whole(workers);
    pool_.reset();
  }
}

TEST_F(ProcessPoolTest, A2_ReplacesAKilledIdleWorker) {
  make_pool(2);
  const std::vector<pid_t> before = pool_->pids();
  kill(before[0], SIGKILL);
  EXPECT_TRUE(holds_within(1s * slow, [&] {
    const std::vector<pid_t> now = pool_->pids();
    return now.size() == 2 && now[0] != before[0];
  }));
  expect_whole(2);
}

TEST_F(ProcessPoolTest, A2_GivesTheLivingWhatTheDeadCannotTake) {
  make_pool(3);
  for (int round = 0; round < 20; ++round) {
    kill(pool_->pids()[0], SIGKILL);  // and at once a call that sends memory to all
    make_marks(1);
    const Status status = run(100, [&](std::size_t) { return std::pair(Do::add, mark(0)); });
    EXPECT_TRUE(status.ok() || status.code == Code::worker_died) << text_.message;
    ASSERT_TRUE(holds_within(1s * slow, [&] { return pool_->pids().size() == 3; }));
  }
}

TEST_F(ProcessPoolTest, A3_SurvivesACrashingTask) {
  make_pool(2);
  const std::pair<Do, int> crashes[] = {{Do::signal, SIGSEGV},
                                        {Do::signal, SIGFPE},
                                        {Do::signal, SIGILL},
                                        {Do::signal, SIGABRT},
                                        {Do::store_to_null, SIGSEGV}};
  for (const auto& [what, number] : crashes) {
    const auto begin = steady_clock::now();
    const Status status = run(50, [&, what = what, number = number](std::size_t i) {
      return std::pair(i == 20 ? what : Do::add, Argument{.number = number});
    });
    EXPECT_EQ(status.code, Code::worker_died);
    const std::string words = "crashed (signal " + std::to_string(number);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which exit on their own
    EXPECT_NE(std::string(text_.message).find(words), std::string::npos) << text_.message;
#endif
    EXPECT_LT(steady_clock::now() - begin, 1s * slow);
    expect_whole(2);
  }
}

TEST_F(ProcessPoolTest, A4_SurvivesAnExitingTask) {
  make_pool(2);
  for (int code : {0, 3}) {
    const Status status =
        run(50, [&](std::size_t i) { return std::pair(i == 20 ? Do::exit : Do::add, Argument{.number = code}); });
    EXPECT_EQ(status.code, Code::worker_died);
    EXPECT_NE(std::string(text_.message).find("exit code " + std::to_string(code)), std::string::npos) << text_.message;
    expect_whole(2);
  }
}

TEST_F(ProcessPoolTest, A5_SurvivesAStoppedWorker) {
  make_pool(2);
  expect_death(
      2, [&] { kill(pool_->pids().front(), SIGSTOP); }, "a signal had stopped it");
  expect_whole(2);
}

TEST_F(ProcessPoolTest, A5_DoesNotWaitForAnIdleStoppedWorker) {
  make_pool(1);
  kill(pool_->pids()[0], SIGSTOP);
  expect_whole(1);
}

TEST_F(ProcessPoolTest, A6_KillsWhatDoesNotStop) {
  make_pool(2);
  const std::int64_t deadline = monotonic_ns() + 100'000'000;
  const Status status = run(
      2, [&](std::size_t) { return std::pair(Do::spin, Argument{}); }, deadline);
  EXPECT_EQ(status.code, Code::deadline_exceeded);
  EXPECT_LT(monotonic_ns(), deadline + 1'000'000'000ll * slow);
  expect_whole(2);
}

TEST_F(ProcessPoolTest, A17_SurvivesTheDeathOfAllWorkers) {
  make_pool(4);
  expect_death(
      4,
      [&] {
        for (pid_t pid : pool_->pids()) kill(pid, SIGKILL);
      },
      "was killed (signal 9, Killed)");
  expect_whole(4);
}

TEST_F(ProcessPoolTest, A19_NamesAProgramThatCannotStart) {
  for (const char* program : {"/nowhere/flynn-worker", "/etc/passwd", "/"}) try {
      const ProcessPool pool({.program = program, .workers = 2});
      ADD_FAILURE() << "started " << program;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::unavailable);
      EXPECT_NE(error.text().find(program), std::string::npos) << error.text();
    }
}

TEST_F(ProcessPoolTest, A20_GivesUpOnAProgramThatNeverGetsReady) {
  const auto begin = steady_clock::now();
  try {
    const ProcessPool pool({.program = "/bin/false", .workers = 2});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(error.text().find("ended (exit code 1) before it was ready"), std::string::npos) << error.text();
  }
  EXPECT_LT(steady_clock::now() - begin, 5s);
}

/// What is left of a parent that was killed, with its workers as MODE says. Their memory has no name and goes with the
/// last of them.
class OrphanTest : public ProcessPoolTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(OrphanTest, A21_LeavesNothing) {
  const std::string command =
      std::string("exec " FLYNN_TEST_PARENT " " FLYNN_TEST_WORKER " ") + GetParam() + " 2>&1 & echo $!; wait";
  FILE* const shell = popen(command.c_str(), "r");
  ASSERT_TRUE(shell);
  int parent = 0, pid = 0;
  ASSERT_EQ(fscanf(shell, "%d", &parent), 1);
  std::vector<pid_t> workers;
  while (workers.size() < 4 && fscanf(shell, "%d", &pid) == 1) workers.push_back(pid);
  ASSERT_EQ(workers.size(), 4u);
  for (pid_t worker : workers) EXPECT_TRUE(is_alive(worker));
  const std::string mode = GetParam();
  if (mode == "sleep") kill(workers[0], SIGKILL);  // A22: and a worker with it
  kill(parent, SIGKILL);
  const auto begin = steady_clock::now();
  for (pid_t worker : workers) EXPECT_TRUE(holds_within(2s * slow, [&] { return !is_alive(worker); })) << worker;
  std::printf("nothing left after %.1f ms\n",
              std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count());
  pclose(shell);
}

INSTANTIATE_TEST_SUITE_P(, OrphanTest, ::testing::Values("idle", "sleep", "spin", "stopped"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(ProcessPoolTest, A23_OutlivesTheThreadThatMadeIt) {
  std::thread([&] { make_pool(2); }).join();
  const std::vector<pid_t> before = pool_->pids();
  std::this_thread::sleep_for(100ms);
  expect_whole(2);
  EXPECT_EQ(pool_->pids(), before);
}

TEST_F(ProcessPoolTest, ServesManyThreads) {
  make_pool(2);
  std::atomic<int> good{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 8; ++c)
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        Text text;
        Execution execution{.threads = 2, .text = &text};
        ProcessPool::Use use(*pool_, execution);
        if (!use.begin().ok()) continue;
        auto* const slots = static_cast<std::uint64_t*>(use.scratch(10 * sizeof(std::uint64_t)));
        const SharedPlace place = *find_shared(slots, 80);
        std::fill_n(slots, 10, 0);
        const Status s = use.run(10, [&](std::size_t i, Task& task) { write(task, Do::add, {place.id, i, 0}); });
        bool right = s.ok() && place.offset == 0;
        for (std::uint64_t i = 0; i < 10; ++i) right &= slots[i] == i + 1;
        good += right;
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(good, 400);
}

TEST_F(ProcessPoolTest, AsManyWorkersAsThereAreCores) {
  Cores cores(2);
  pool_.emplace(ProcessPool::Settings{FLYNN_TEST_WORKER, 2, {}}, &cores);
  make_marks(64);
  const auto nap = [&](std::size_t i) { return std::pair(Do::sleep, mark(i, 10)); };
  {
    const CoreLease other(&cores, 1);
    EXPECT_TRUE(run(20, nap).ok());
    EXPECT_EQ(took_part_, 1u);
  }
  EXPECT_EQ(cores.taken(), 0u);
  EXPECT_TRUE(run(20, nap).ok());
  EXPECT_EQ(took_part_, 2u);
}

TEST_F(ProcessPoolTest, GivesWayToACallThatComesAndTakesTheCoreBack) {
  Cores cores(2);
  pool_.emplace(ProcessPool::Settings{FLYNN_TEST_WORKER, 2, {}}, &cores);
  constexpr std::size_t tasks = 1000;
  make_marks(tasks);
  std::atomic<bool> is_over{false};
  std::thread caller([&] {
    EXPECT_TRUE(run(tasks, [&](std::size_t i) { return std::pair(Do::sleep, mark(i, 2)); }).ok());
    is_over = true;
  });
  EXPECT_TRUE(holds_within(10s * slow, [&] { return cores.taken() == 2; }));
  {
    const CoreLease other(&cores, 1);
    EXPECT_TRUE(holds_within(10s * slow, [&] { return cores.taken() == 2 || is_over; })) << "it keeps both";
    EXPECT_FALSE(is_over);
  }
  EXPECT_TRUE(holds_within(10s * slow, [&] { return cores.taken() == 2 || is_over; })) << "it does not take it back";
  EXPECT_FALSE(is_over);
  caller.join();
  EXPECT_EQ(cores.taken(), 0u);
}

}  // namespace
}  // namespace flynn::faults

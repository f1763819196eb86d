// flynn::mp when its workers die: the rows A1 to A29 of docs/faults.md that are about pools of functions. Each test
// also checks that no process, file descriptor, shared memory or thread is left.

#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <numeric>
#include <random>
#include <thread>

#include <tests/faults/mp_fixture.hpp>

namespace flynn::mp {
namespace {

[[maybe_unused]] void store_to_null() {
  volatile int* volatile null = nullptr;
  *null = 1;
}
void exit_with(int code) { std::exit(code); }
void exit_now(int code) { _exit(code); }
[[gnu::noinline]] int recurse(int depth) {
  volatile char frame[1024];
  frame[0] = char(depth);
  if (depth < 0) return 0;  // never
  return recurse(depth + 1) + frame[0];
}

TEST_F(FaultTest, A1_AKilledBusyWorkerCostsItsTaskAlone) {
  for (unsigned workers : {1u, 2u, 5u, 13u}) {
    Pool& pool = make_pool(workers);
    const auto victim = pool.apply_async([] {
      kill(getpid(), SIGKILL);
      pause();
    });
    std::vector<AsyncResult<int>> others;
    for (int i = 0; i < 100; ++i) others.push_back(pool.apply_async(square, i));
    expect_death(victim, [](const WorkerDied& died) {
      EXPECT_EQ(died.signal(), SIGKILL);
      EXPECT_GT(died.worker(), 0);
      EXPECT_NE(died.text().find("was killed (signal 9, Killed)"), std::string::npos) << died.text();
    });
    for (int i = 0; i < 100; ++i) EXPECT_EQ(others[std::size_t(i)].get(5s * slow), i * i);
    expect_whole(workers);
    pool_.reset();
  }
}

TEST_F(FaultTest, A1_IsSeenByThoseWhoDoNotWait) {
  Pool& pool = make_pool(2);
  std::atomic<int> failed = 0;
  pool.apply_async(raise_signal, SIGKILL).error_callback([&](const Error& error) {
    failed = error.code() == Code::worker_died ? 1 : 2;
  });
  EXPECT_TRUE(faults::holds_within(1s * slow, [&] { return failed != 0; }));
  EXPECT_EQ(failed, 1);
}

TEST_F(FaultTest, A2_AKilledIdleWorkerIsReplaced) {
  Pool& pool = make_pool(1);
  for (int round = 0; round < 20; ++round) {
    const pid_t killed = pool.apply(who);
    kill(killed, SIGKILL);
    EXPECT_TRUE(faults::holds_within(1s * slow, [&] {
      const std::vector<pid_t> pids = pool.pids();
      return pids.size() == 1 && pids[0] != killed;
    }));
    EXPECT_NE(pool.apply(who), killed);
  }
}

TEST_F(FaultTest, A3_ACrashTellsItsSignalAndPlace) {
  Pool& pool = make_pool(2);
  for (int signal : {SIGSEGV, SIGFPE, SIGILL, SIGABRT, SIGBUS}) {
    expect_death(pool.apply_async(raise_signal, signal), [&](const WorkerDied& died) {
      EXPECT_EQ(died.signal(), signal);
      EXPECT_NE(died.text().find("crashed (signal " + std::to_string(signal)), std::string::npos) << died.text();
      EXPECT_GE(std::count(died.stack().begin(), died.stack().end(), '\n'), 3) << died.stack();
    });
    expect_whole(2);
  }
#if !defined(__SANITIZE_ADDRESS__)  // which exits on its own
  expect_death(pool.apply_async(store_to_null), [](const WorkerDied& died) { EXPECT_EQ(died.signal(), SIGSEGV); });
#endif
  expect_whole(2);
}

TEST_F(FaultTest, A4_AnExitingTaskTellsItsCode) {
  Pool& pool = make_pool(2);
  for (auto* leave : {exit_with, exit_now})
    for (int code : {0, 3}) {
      expect_death(pool.apply_async(leave, code), [&](const WorkerDied& died) {
        EXPECT_EQ(died.signal(), 0);
        EXPECT_EQ(died.exit_code(), code);
      });
      expect_whole(2);
    }
}

TEST_F(FaultTest, A5_AStoppedWorkerIsReplaced) {
  Pool& pool = make_pool(2);
  const auto begin = steady_clock::now();
  EXPECT_THROW(pool.apply([] { raise(SIGSTOP); }), WorkerDied);
  EXPECT_LT(steady_clock::now() - begin, 1s * slow);
  expect_whole(2);
}

TEST_F(FaultTest, A6_ATaskThatNeverEndsIsKilledWhenItsTimeIsOver) {
  Pool& pool = make_pool(2);
  const auto begin = steady_clock::now();
  const auto endless = pool.apply_async(TaskOptions{.timeout = 100ms}, [] {
    for (;;) asm volatile("" ::: "memory");
  });
  const auto other = pool.apply_async(sleep_for, 300);
  EXPECT_THROW(endless.get(), TimeoutError);
  EXPECT_LT(steady_clock::now() - begin, 1s * slow);
  EXPECT_EQ(other.get(), 300) << "another task's worker is left alone";
  expect_whole(2);
}

TEST_F(FaultTest, A6_ATaskWhoseTimeIsOverDoesNotBegin) {
  Pool& pool = make_pool(1);
  const auto first = pool.apply_async(sleep_for, 300);
  const auto second = pool.apply_async(TaskOptions{.timeout = 50ms}, square, 2);
  EXPECT_THROW(second.get(), TimeoutError);
  EXPECT_FALSE(first.ready());
  EXPECT_EQ(first.get(), 300);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose own memory is without limit
TEST_F(FaultTest, A9_AStackOverflowIsACrash) {
  Pool& pool = make_pool(1);
  expect_death(pool.apply_async([] { recurse(0); }), [](const WorkerDied& died) {
    EXPECT_EQ(died.signal(), SIGSEGV);
    EXPECT_GE(std::count(died.stack().begin(), died.stack().end(), '\n'), 10);
  });
  expect_whole(1);
}

TEST_F(FaultTest, A10_WantOfMemoryIsAnError) {
  Pool& pool = make_pool(1);
  const pid_t worker = pool.apply([] {
    const rlimit limit = {std::size_t{1} << 30, std::size_t{1} << 30};
    setrlimit(RLIMIT_AS, &limit);
    return getpid();
  });
  try {
    pool.apply([] { return std::vector<char>(std::size_t{2} << 30).size(); });
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.type(), "std::bad_alloc");
    EXPECT_EQ(error.code(), Code::out_of_memory);
  }
  EXPECT_EQ(pool.apply(who), worker) << "the worker lives";
}
#endif

/// A value that dies while it is read or written.
struct Bomb {
  enum class At : int { nowhere, reading, throwing_in_read, writing, throwing_in_write } at = At::nowhere;
  bool is_there = false;  ///< in the worker
  template <class Archive>
  void save(Archive& archive) const {
    if (is_there && at == At::writing) raise(SIGKILL);
    if (is_there && at == At::throwing_in_write) throw std::runtime_error("cannot write");
    archive(at, is_there);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(at, is_there);
    if (!is_there && at == At::reading) raise(SIGKILL);
    if (!is_there && at == At::throwing_in_read) throw std::runtime_error("cannot read");
  }
};
Bomb arm(Bomb bomb) {
  bomb.is_there = true;
  return bomb;
}

TEST_F(FaultTest, A12_DeathInReadingAndWriting) {
  Pool& pool = make_pool(2);
  for (auto at : {Bomb::At::reading, Bomb::At::writing}) {
    EXPECT_THROW(pool.apply(arm, Bomb{at}), WorkerDied);
    expect_whole(2);
  }
  for (auto at : {Bomb::At::throwing_in_read, Bomb::At::throwing_in_write}) {
    EXPECT_THROW(pool.apply(arm, Bomb{at}), RemoteError);
    expect_whole(2);
  }
  EXPECT_THROW(pool.apply(arm, Bomb{Bomb::At::throwing_in_write, true}), std::runtime_error) << "here, not there";
  expect_whole(2);
}

/// Large vectors are read while they are being written.
TEST_F(FaultTest, A12_DeathWhileLargeVectorsAreCopied) {
  Pool& pool = make_pool(1);
  std::mt19937_64 random(test_seed());
  std::vector<double> x(4'000'000);
  std::iota(x.begin(), x.end(), 1.0);
  int good = 0, lost = 0;
  unsigned round = 0;
  for (; round < 24 || (round < 240 && (lost < 3 || good < 3)); ++round) {  // when it dies is chance
    const auto result = pool.apply_async(
        TaskOptions{.retries = round % 2}, [](std::vector<double> v) { return v; }, x);
    const auto until = steady_clock::now() + std::chrono::microseconds(random() % 15'000 * slow);
    while (steady_clock::now() < until && !result.ready()) std::this_thread::yield();
    for (pid_t pid : pool.pids()) kill(pid, SIGKILL);
    const auto outcome = result.try_get(10s * slow);
    if (outcome)
      good += *outcome == x;
    else
      lost += outcome.error().code() == Code::worker_died;
  }
  EXPECT_EQ(good + lost, int(round));
  EXPECT_GE(lost, 3);
  EXPECT_GE(good, 3);
  expect_whole(1);
}

TEST_F(FaultTest, A17_TheDeathOfAllWorkers) {
  Pool& pool = make_pool(4);
  Marks marks;
  std::vector<AsyncResult<void>> results;
  for (int i = 0; i < 4; ++i) results.push_back(pool.apply_async(mark_and_sleep, marks.path()));
  ASSERT_TRUE(marks.reach(4));
  for (pid_t pid : pool.pids()) kill(pid, SIGKILL);
  for (const auto& result : results)
    expect_death(result, [](const WorkerDied& died) { EXPECT_EQ(died.signal(), SIGKILL); });
  expect_whole(4);
}

TEST_F(FaultTest, A18_ATaskThatKillsItsWorkersIsGivenUp) {
  Pool& pool = make_pool(2);
  const auto begin = steady_clock::now();
  Marks marks;
  try {
    pool.apply_async(
            TaskOptions{.retries = 5},
            [](const std::string& path) {
              mark(path);
              std::abort();
            },
            marks.path())
        .get();
    FAIL();
  } catch (const WorkerDied& died) {
    EXPECT_NE(died.text().find("it has cost two workers"), std::string::npos) << died.text();
  }
  EXPECT_EQ(marks.count(), 2) << "it was run twice";
  EXPECT_LT(steady_clock::now() - begin, 3s * slow);
  expect_whole(2);
}

TEST_F(FaultTest, A18_ATaskThatMayBeRunTwiceIs) {
  Pool& pool = make_pool(1);
  char name[] = "/tmp/flynn-retry-XXXXXX";
  const int file = mkstemp(name);
  const auto result = pool.apply_async(
      TaskOptions{.retries = 1},
      [](const std::string& path) {
        if (unlink(path.c_str()) == 0) raise(SIGKILL);  // the first time
        return 7;
      },
      std::string(name));
  EXPECT_EQ(result.get(5s * slow), 7);
  close(file);
}

TEST_F(FaultTest, A23_OutlivesTheThreadThatMadeIt) {
  std::thread([&] { make_pool(2); }).join();
  const std::vector<pid_t> before = pool_->pids();
  expect_whole(2);
  EXPECT_EQ(pool_->pids(), before);
}

TEST_F(FaultTest, A24_GrandchildrenGoWithTheirWorker) {
  Pool& pool = make_pool(1);
  const pid_t grandchild = pool.apply([] {
    const pid_t child = fork();
    if (child == 0) {
      pause();
      _exit(0);
    }
    return child;
  });
  EXPECT_TRUE(faults::is_alive(grandchild));
  kill(pool.pids().at(0), SIGKILL);
  EXPECT_TRUE(faults::holds_within(2s * slow, [&] { return !faults::is_alive(grandchild); }));
}

TEST_F(FaultTest, A28_EndsFromACallback) {
  Pool& pool = make_pool(1);
  std::atomic<bool> is_over = false;
  pool.apply_async(square, 1).callback([&](int) {
    pool.terminate();
    is_over = true;
  });
  EXPECT_TRUE(faults::holds_within(2s * slow, [&] { return is_over.load(); }));
}

/// The bytes of a large value go through memory of their own; what dies with it must not keep it.
TEST_F(FaultTest, LargeValuesGoBackWithTheirWorker) {
  Pool& pool = make_pool(2);
  const std::vector<double> x(1'000'000, 1.0);
  for (int round = 0; round < 5; ++round) {
    EXPECT_THROW(pool.apply([](const std::vector<double>& v) { raise(v.empty() ? 0 : SIGKILL); }, x), WorkerDied);
    EXPECT_EQ(pool.apply([](std::vector<double> v) { return v; }, x), x);
  }
}

}  // namespace
}  // namespace flynn::mp

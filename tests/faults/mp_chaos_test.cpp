// flynn::mp when something happens all the time: workers that are killed (row A30 of docs/faults.md), signals (A26).

#include <sys/syscall.h>
#include <sys/time.h>

#include <atomic>
#include <cstdio>
#include <numeric>
#include <random>
#include <thread>

#include <tests/faults/mp_fixture.hpp>

namespace flynn::mp {
namespace {

using std::chrono::milliseconds;

/// Kills one of a pool's workers every `least` to `most` milliseconds.
class Killer {
 public:
  Killer(const Pool& pool, unsigned least, unsigned most)
      : random_(unsigned(test_seed())), thread_([&pool, least, most, this] {
          while (!is_over_) {
            const std::vector<pid_t> pids = pool.pids();
            if (!pids.empty()) kill(pids[random_() % pids.size()], SIGKILL);
            ++kills;
            std::this_thread::sleep_for(milliseconds(least + random_() % (most - least + 1)));
          }
        }) {}
  ~Killer() {
    is_over_ = true;
    thread_.join();
  }
  std::atomic<int> kills = 0;

 private:
  std::mt19937 random_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

struct Outcomes {
  int tasks = 0, good = 0, lost = 0, once = 0;
};

/// Tasks of up to a few milliseconds; counts what became of each.
void run_tasks(Pool& pool, int count, int most_us, Outcomes& all) {
  const auto size = std::size_t(count);
  std::vector<std::atomic<int>> outcomes(size);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < count; ++i) {
    results.push_back(pool.apply_async(
        [](int x, int microseconds) {
          std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
          return square(x);
        },
        i, i * 7919 % most_us));
    results.back().callback([&outcomes, i](int) { ++outcomes[std::size_t(i)]; });
    results.back().error_callback([&outcomes, i](const Error&) { ++outcomes[std::size_t(i)]; });
  }
  for (int i = 0; i < count; ++i) {
    const Result<int> result = results[std::size_t(i)].try_get(30s * slow);
    if (result)
      all.good += *result == square(i);
    else
      all.lost += result.error().code() == Code::worker_died;
  }
  all.tasks += count;
  const auto has_one = [](const std::atomic<int>& outcome) { return outcome == 1; };
  EXPECT_TRUE(faults::holds_within(5s * slow, [&] { return std::ranges::all_of(outcomes, has_one); }));
  all.once += int(std::ranges::count_if(outcomes, has_one));
}

void expect_one_outcome_each(const Outcomes& all, int kills) {
  EXPECT_EQ(all.good + all.lost, all.tasks);
  EXPECT_EQ(all.once, all.tasks) << "called back once";
  EXPECT_LE(all.lost, kills) << "a kill costs one task";
  std::printf("%d tasks, %d kills: %d done, %d lost with their workers\n", all.tasks, kills, all.good, all.lost);
}

TEST_F(FaultTest, A30_EachTaskHasOneOutcome) {
  Pool& pool = make_pool(4);
  Outcomes all;
  Killer killer(pool, 5, 25);
  run_tasks(pool, 3000, 1000, all);
  expect_one_outcome_each(all, killer.kills);
}

/// FLYNN_CHAOS_SECONDS: how long; 600 in the slow tests.
TEST_F(FaultTest, A30_ForMinutes) {
  const char* const text = std::getenv("FLYNN_CHAOS_SECONDS");
  if (!text) GTEST_SKIP() << "FLYNN_CHAOS_SECONDS is not set; the test mp_chaos_minutes sets it";
  const auto end = steady_clock::now() + std::chrono::seconds(std::atoi(text));
  Pool& pool = make_pool(4);
  Outcomes all;
  Killer killer(pool, 50, 500);
  while (steady_clock::now() < end) run_tasks(pool, 2000, 10'000, all);
  expect_one_outcome_each(all, killer.kills);
}

std::atomic<int> signals_here = 0;
void count_signal(int) { ++signals_here; }

/// From now on calls of the system are interrupted.
void catch_signals() {
  struct sigaction action = {};
  action.sa_handler = count_signal;
  for (int number : {SIGUSR1, SIGALRM}) sigaction(number, &action, nullptr);
}
/// What a worker does first: a signal every millisecond, to a thread that the kernel chooses.
void storm_here() {
  catch_signals();
  const itimerval every_ms = {{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &every_ms, nullptr);
}

/// Sends a signal to every thread of this process every millisecond.
class Storm {
 public:
  Storm()
      : thread_([this] {
          const auto own = syscall(SYS_gettid);
          for (; !is_over_; std::this_thread::sleep_for(1ms))
            for (const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
              if (const long thread = std::atol(task.path().filename().c_str()); thread != own)
                syscall(SYS_tgkill, getpid(), thread, SIGUSR1);
        }) {}
  ~Storm() {
    is_over_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

TEST_F(FaultTest, A26_ASignalStormDisturbsNothing) {
  catch_signals();
  const std::vector<double> large(500'000, 1.5);
  {
    const Storm storm;
    for (auto method : {StartMethod::forkserver, StartMethod::spawn}) {
      Pool& pool = pool_.emplace(PoolOptions{.processes = 2, .initializer = call(storm_here), .start_method = method});
      for (int round = 0; round < 20; ++round) {
        EXPECT_EQ(pool.apply([](std::vector<double> v) { return v; }, large), large);
        EXPECT_EQ(pool.apply_async(sleep_for, 3).get(5s * slow), 3);
        EXPECT_FALSE(pool.apply_async(sleep_for, 20).wait(3ms));
      }
      expect_whole(2);
      EXPECT_THROW(pool.apply(raise_signal, SIGKILL), WorkerDied);
      expect_whole(2);
      Process process({.start_method = method}, sleep_for, 20);
      process.start();
      EXPECT_TRUE(process.join(5s * slow));
      EXPECT_EQ(process.exitcode(), 0);
      EXPECT_GT(pool.apply([] { return signals_here.load(); }), 0) << "there was a storm there";
      pool.close();
      pool.join();
    }
    ThreadPoolExecutor threads(2);
    EXPECT_EQ(threads.submit(square, 7).result(), 49);
  }
  EXPECT_GT(signals_here, 100);
  for (int number : {SIGUSR1, SIGALRM}) signal(number, SIG_IGN);  // one may still be on its way
}

}  // namespace
}  // namespace flynn::mp

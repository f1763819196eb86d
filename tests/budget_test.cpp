// One budget: threads, worker processes and OpenCL devices that are CPUs share the cores, in nested and concurrent
// calls, between contexts, and in the workers of flynn::mp. What is counted is who is really at work.

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <flynn/flynn.hpp>
#include <flynn/mp.hpp>
#include <host/detect/budget.hpp>
#include <host/pools/cores.hpp>
#include <host/pools/futex.hpp>
#include <host/pools/thread_pool.hpp>
#include <tests/faults/processes.hpp>

namespace flynn {
namespace {

using std::chrono::steady_clock;
constexpr std::chrono::seconds long_enough(20);

TEST(Cores, GiveWhatIsLeftAndOneInAnyCase) {
  Cores cores(4);
  EXPECT_EQ(cores.take(3), 3u);
  EXPECT_EQ(cores.take(3), 1u);
  EXPECT_FALSE(cores.are_short());
  EXPECT_FALSE(cores.take_one());
  EXPECT_EQ(cores.take(3), 1u) << "who asks is at work";
  EXPECT_TRUE(cores.are_short());
  cores.give_back(2);
  EXPECT_FALSE(cores.are_short());
  EXPECT_TRUE(cores.take_one());
  EXPECT_EQ(cores.taken(), 4u);
}

TEST(Cores, ALeaseGivesWayAndGrowsAgain) {
  Cores cores(3);
  {
    CoreLease lease(&cores, 3);
    cores.take(1);
    lease.adapt(3);
    EXPECT_EQ(lease.count(), 2u);
    lease.adapt(3);
    EXPECT_EQ(lease.count(), 2u) << "enough for all";
    cores.give_back(1);
    lease.adapt(2);
    EXPECT_EQ(lease.count(), 2u) << "it wants no more";
    lease.adapt(3);
    EXPECT_EQ(lease.count(), 3u);
  }
  EXPECT_EQ(cores.taken(), 0u);
  EXPECT_EQ(CoreLease(nullptr, 5).count(), 5u);
  EXPECT_EQ(CoreLease(&cores, 0).count(), 0u);
}

/// How many are at work, and how many have been at most since it was last asked.
class AtWork {
 public:
  void begin() {
    const int now = ++now_;
    for (int seen = most_; now > seen && !most_.compare_exchange_weak(seen, now);) {
    }
    ++parts_;
  }
  void end() { --now_; }
  int now() const { return now_; }
  int most() { return most_.exchange(0); }
  long parts() const { return parts_; }
  /// Whether so many more parts have begun in time.
  bool see(long more) const {
    const long last = parts_ + more;
    return wait([&] { return parts_ >= last; });
  }
  static bool wait(const std::function<bool()>& holds) {
    const auto deadline = steady_clock::now() + long_enough;
    while (!holds())
      if (steady_clock::now() > deadline) return false;
    return true;
  }

 private:
  std::atomic<int> now_{0}, most_{0};
  std::atomic<long> parts_{0};
};

/// A job of many short parts, on a thread of its own, until this goes away.
class LongJob {
 public:
  LongJob(ThreadPool& pool, unsigned threads, AtWork& at_work)
      : caller_([&pool, threads, &at_work, this] {
          pool.run(std::size_t{1} << 22, threads, [&](std::size_t) noexcept {
            if (is_over_) return;
            at_work.begin();
            const auto end = steady_clock::now() + std::chrono::microseconds(20);
            while (steady_clock::now() < end) cpu_relax();
            at_work.end();
          });
        }) {}
  ~LongJob() {
    is_over_ = true;
    caller_.join();
  }

 private:
  std::atomic<bool> is_over_{false};
  std::thread caller_;
};

constexpr unsigned team = 3;
constexpr long settled = 100 * team;  ///< after so many parts everybody has looked for others

TEST(ThreadPool, GivesWayToACallThatComesAndTakesTheCoreBack) {
  Cores cores(team);
  ThreadPool pool(team, {}, {}, &cores);
  AtWork at_work;
  const LongJob job(pool, team, at_work);
  ASSERT_TRUE(AtWork::wait([&] { return at_work.most() == int(team); }));
  for (unsigned guests = 1; guests < team; ++guests) {
    std::vector<std::thread> callers;
    std::atomic<int> most{0};
    std::atomic<unsigned> inside{0}, seen{0};
    for (unsigned i = 0; i < guests; ++i)
      callers.emplace_back([&] {
        pool.run(1, team, [&](std::size_t) noexcept {
          ++inside;
          if (!AtWork::wait([&] { return inside == guests; }) || !at_work.see(settled)) return;
          if (++seen < guests) return void(AtWork::wait([&] { return seen == guests + 1; }));
          at_work.most();
          if (at_work.see(settled)) most = at_work.most();
          ++seen;
        });
      });
    for (std::thread& caller : callers) caller.join();
    EXPECT_GE(most, 1);
    EXPECT_LE(most + int(guests), int(team)) << guests << " calls beside a job of all";
  }
  at_work.most();
  EXPECT_TRUE(AtWork::wait([&] { return at_work.most() == int(team); })) << "nobody came back";
}

TEST(ThreadPool, BeginsWithTheCoresThatAreLeft) {
  Cores cores(team);
  ThreadPool pool(team, {}, {}, &cores);
  AtWork at_work;
  cores.take(team - 1);
  const LongJob job(pool, team, at_work);
  ASSERT_TRUE(at_work.see(settled));
  EXPECT_EQ(at_work.most(), 1);
  cores.give_back(1);
  EXPECT_TRUE(AtWork::wait([&] { return at_work.most() == 2; }));
  ASSERT_TRUE(at_work.see(settled));
  EXPECT_LE(at_work.most(), 2);
  cores.give_back(team - 2);
  EXPECT_TRUE(AtWork::wait([&] { return at_work.most() == int(team); }));
}

TEST(ThreadPool, NestedCallsOnOtherPoolsTakeNoMore) {
  Cores cores(team);
  ThreadPool outer(team, {}, {}, &cores), inner(team, {}, {}, &cores);
  AtWork at_work;
  outer.run(100, team, [&](std::size_t) noexcept {
    inner.run(10, team, [&](std::size_t) noexcept {
      at_work.begin();
      std::this_thread::sleep_for(std::chrono::microseconds(20));
      at_work.end();
    });
  });
  EXPECT_EQ(at_work.parts(), 1000);
  EXPECT_LE(at_work.most(), int(team));
  EXPECT_EQ(cores.taken(), 0u);
}

TEST(ThreadPool, GivesEverythingBackWhateverCallersDo) {
  Cores cores(2);
  ThreadPool one(3, {}, {}, &cores), other(2, {}, {}, &cores);
  std::atomic<std::size_t> sum{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 6; ++c)
    callers.emplace_back([&, c] {
      for (std::size_t round = 0; round < 500; ++round)
        (c % 2 ? one : other).run(1 + round % 9, 1 + unsigned(round % 3), [&](std::size_t i) noexcept { sum += i; });
    });
  for (std::thread& caller : callers) caller.join();
  std::size_t expected = 0;
  for (std::size_t round = 0; round < 500; ++round) expected += (round % 9) * (1 + round % 9) / 2;
  EXPECT_EQ(sum, 6 * expected);
  EXPECT_EQ(cores.taken(), 0u);
}

/// The threads of this process and of its children that the scheduler has as running, but for the one that asks.
int running() {
  namespace fs = std::filesystem;
  int count = -1;
  auto count_in = [&](const fs::path& process) {
    std::error_code error;
    for (const auto& task : fs::directory_iterator(process / "task", error)) {
      std::ifstream file(task.path() / "stat");
      std::string text;
      std::getline(file, text);
      const std::size_t end = text.rfind(')');  // the name before it may hold anything
      if (end != std::string::npos && end + 2 < text.size()) count += text[end + 2] == 'R';
    }
  };
  count_in("/proc/self");
  for (const pid_t child : faults::children()) count_in("/proc/" + std::to_string(child));
  return count;
}

/// Repeats the calls on a thread each; the median of how many threads run meanwhile.
int running_beside(const std::vector<std::function<void()>>& calls) {
  constexpr int samples = 101;
  std::atomic<bool> is_over{false};
  std::atomic<unsigned> begun{0};
  std::vector<std::thread> callers;
  for (const auto& call : calls)
    callers.emplace_back([&] {
      call();
      for (++begun; !is_over;) call();
    });
  EXPECT_TRUE(AtWork::wait([&] { return begun == calls.size(); }));
  std::vector<int> counts;
  for (int i = 0; i < samples; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    counts.push_back(running());
  }
  is_over = true;
  for (std::thread& caller : callers) caller.join();
  std::ranges::nth_element(counts, counts.begin() + samples / 2);
  return counts[samples / 2];
}

/// A call of some 50 ms on one core.
class LongCall {
 public:
  std::function<void()> on(const char* backend, Context& context, unsigned threads = 0) {
    return [=, this, &context] {
      std::vector<float> c(n * n);
      gemm(1.0f, Matrix(a_.data(), n, n), Op::none, Matrix(a_.data(), n, n), Op::none, 0.0f, Matrix(c.data(), n, n),
           {.backend = backend, .threads = threads, .context = &context});
    };
  }

 private:
  static constexpr std::size_t n = 1024;
  std::vector<float> a_ = std::vector<float>(n * n, 1);
};

#ifdef __SANITIZE_THREAD__
constexpr bool is_slow = true;
#else
constexpr bool is_slow = false;
#endif

TEST(Budget, ConcurrentCallsOfEveryKindShareTheCores) {
  if (is_slow) GTEST_SKIP() << "ThreadSanitizer has threads of its own";
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "a call takes longer than it is looked at: a second, of which the end of a part is a good deal";
#endif
  LongCall call;
  Context one, other;
  const int budget = int(one.threads());
  const auto on = [&](const char* backend, Context& context) { return call.on(backend, context); };
  EXPECT_LE(running_beside({on("threads", one)}), budget);
  EXPECT_LE(running_beside({on("threads", one), on("threads", one)}), std::max(budget, 2));
  EXPECT_LE(running_beside({on("threads", one), on("threads", other)}), std::max(budget, 2));
  EXPECT_LE(running_beside({on("threads", one), on("simd", other)}), std::max(budget, 2));
  EXPECT_LE(running_beside({on("threads", one), on("processes", other)}), std::max(budget, 2));
  EXPECT_LE(running_beside({on("processes", one), on("processes", other)}), std::max(budget, 2));
}

TEST(Budget, OpenclOnTheCpuSharesTheCores) {
  if (is_slow) GTEST_SKIP() << "ThreadSanitizer has threads of its own";
  Context one, other;
  const BackendInfo info = one.backend("opencl");
  if (!info.available || !info.devices[0].is_cpu) GTEST_SKIP() << "no OpenCL device that is a CPU; " << info.reason;
  LongCall call;
  const int budget = int(one.threads());
  EXPECT_LE(running_beside({call.on("opencl", one)}), budget);
  EXPECT_LE(running_beside({call.on("opencl", one, 1)}), 1) << "a device of one core";
  EXPECT_LE(running_beside({call.on("opencl", one), call.on("threads", other)}), std::max(budget, 2));
}

TEST(Budget, ContextsWithHalvesAreApart) {
  const std::vector<int> cpus = detect::allowed_cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "one CPU only";
  const auto middle = cpus.begin() + std::ptrdiff_t(cpus.size() / 2);
  const std::vector<int> halves[] = {{cpus.begin(), middle}, {middle, cpus.end()}};
  Context left({.cpus = halves[0]}), right({.cpus = halves[1]});
  EXPECT_EQ(left.threads(), std::min<std::size_t>(detect::budget(), halves[0].size()));
  const std::vector<float> x(1'000'000, 1);
  std::vector<pid_t> before = faults::children();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(sum(x, {.backend = "processes", .context = i ? &right : &left}), 1e6f);
    for (const pid_t worker : faults::children()) {
      if (std::ranges::find(before, worker) != before.end()) continue;
      cpu_set_t set;
      ASSERT_EQ(sched_getaffinity(worker, sizeof set, &set), 0);
      ASSERT_EQ(CPU_COUNT(&set), 1);
      const auto cpu = std::ranges::find_if(cpus, [&](int c) { return CPU_ISSET(c, &set); });
      EXPECT_NE(std::ranges::find(halves[i], *cpu), halves[i].end()) << "CPU " << *cpu;
    }
    before = faults::children();
  }
  LongCall call;
  if (is_slow) return;
  EXPECT_LE(running_beside({call.on("threads", left), call.on("threads", right)}), int(cpus.size()));
}

TEST(Budget, AContextMustHaveACpu) {
  try {
    Context context({.cpus = {1 << 20}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_FALSE(error.hint().empty());
  }
  EXPECT_EQ(Context({.cpus = {detect::allowed_cpus().back(), 1 << 20}}).threads(), 1u);
}

/// The environment that a process was started with.
std::vector<std::string> variables_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/environ");
  std::vector<std::string> all;
  for (std::string one; std::getline(file, one, '\0');) all.push_back(one);
  return all;
}

TEST(Budget, LibrariesInWorkersUseOneThread) {
  setenv("MKL_NUM_THREADS", "7", 1);
  unsetenv("OMP_NUM_THREADS");
  Context context;
  const std::vector<pid_t> before = faults::children();
  sum(std::vector<float>(1000, 1), {.backend = "processes", .context = &context});
  unsetenv("MKL_NUM_THREADS");
  std::size_t workers = 0;
  for (const pid_t worker : faults::children()) {
    if (std::ranges::find(before, worker) != before.end()) continue;
    ++workers;
    const std::vector<std::string> all = variables_of(worker);
    for (const char* wanted : {"OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "MKL_NUM_THREADS=7", "BLIS_NUM_THREADS=1",
                               "VECLIB_MAXIMUM_THREADS=1", "NUMEXPR_NUM_THREADS=1", "NUMBA_NUM_THREADS=1"})
      EXPECT_EQ(std::ranges::count(all, wanted), 1) << wanted;
    EXPECT_EQ(std::ranges::count(all, "MKL_NUM_THREADS=1"), 0);
  }
  EXPECT_GT(workers, 0u);
}

unsigned cores_here() { return Context().threads(); }
std::string variable_here(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value ? value : "";
}

TEST(MpPool, WorkersShareTheCores) {
  const unsigned all = mp::cpu_count();
  for (const unsigned workers : {1u, all, all + 1}) {
    mp::Pool pool(workers);
    EXPECT_EQ(pool.apply(cores_here), std::max(all / workers, 1u));
    EXPECT_EQ(pool.apply(mp::cpu_count), pool.apply(cores_here));
  }
  EXPECT_EQ(mp::cpu_count(), all);
}

TEST(MpPool, LibrariesInWorkersUseOneThread) {
  setenv("NUMEXPR_NUM_THREADS", "5", 1);
  mp::Pool pool(mp::PoolOptions{.processes = 1, .start_method = mp::StartMethod::spawn});
  unsetenv("NUMEXPR_NUM_THREADS");
  EXPECT_EQ(pool.apply(variable_here, "NUMEXPR_NUM_THREADS"), "5");
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
                           "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS"})
    EXPECT_EQ(pool.apply(variable_here, name), std::getenv(name) ? std::getenv(name) : "1") << name;
  EXPECT_EQ(mp::Pool(1u).apply(variable_here, "OMP_NUM_THREADS"),
            variable_here("OMP_NUM_THREADS").empty() ? "1" : variable_here("OMP_NUM_THREADS"));
}

}  // namespace
}  // namespace flynn

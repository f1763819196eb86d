#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <future>
#include <set>
#include <thread>
#include <vector>

#include <host/cut/cut.hpp>
#include <host/detect/budget.hpp>
#include <host/pools/scratch.hpp>
#include <host/pools/spin.hpp>
#include <host/pools/task_queue.hpp>
#include <host/pools/thread_pool.hpp>

namespace flynn {
namespace {

TEST(ThreadPool, RunsEveryPartOnce) {
  for (unsigned threads = 1; threads <= 8; ++threads) {
    ThreadPool pool(threads, detect::allowed_cpus());
    for (std::size_t parts : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> seen(parts);
      pool.run(parts, threads, [&](std::size_t i) noexcept { ++seen[i]; });
      for (std::size_t i = 0; i < parts; ++i) ASSERT_EQ(seen[i], 1) << "part " << i << " of " << parts;
    }
  }
}

TEST(ThreadPool, KeepsTheLimitOfACall) {
  ThreadPool pool(4, {});
  std::atomic<int> inside{0}, most{0};
  const unsigned took_part = pool.run(200, 2, [&](std::size_t) noexcept {
    const int now = ++inside;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    --inside;
  });
  EXPECT_LE(most, 2);
  EXPECT_LE(took_part, 2u);
}

TEST(ThreadPool, ReallyUsesItsThreads) {
  ThreadPool pool(3, {});
  std::atomic<int> waiting{0};
  // Each part waits for the two others: this ends only when three threads are in it at once.
  const unsigned took_part = pool.run(3, 3, [&](std::size_t) noexcept {
    ++waiting;
    while (waiting < 3) std::this_thread::yield();
  });
  EXPECT_EQ(took_part, 3u);
}

TEST(ThreadPool, RunsNestedCallsInline) {
  ThreadPool pool(4, {});
  std::atomic<int> inner{0};
  pool.run(8, 4, [&](std::size_t) noexcept {
    const std::thread::id here = std::this_thread::get_id();
    pool.run(5, 4, [&](std::size_t) noexcept { inner += std::this_thread::get_id() == here; });
  });
  EXPECT_EQ(inner, 40);
}

TEST(ThreadPool, ServesManyCallersAtOnce) {
  ThreadPool pool(3, {});
  std::atomic<std::size_t> sum{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 8; ++c)
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) pool.run(10, 3, [&](std::size_t i) noexcept { sum += i; });
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 8u * 200 * 45);
}

TEST(ThreadPool, WakesUpAfterSleep) {
  ThreadPool pool(2, {});
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> waiting{0};
    pool.run(2, 2, [&](std::size_t) noexcept {
      ++waiting;
      while (waiting < 2) std::this_thread::yield();
    });
    std::this_thread::sleep_for(std::chrono::nanoseconds(2 * spin_ns));
  }
}

TEST(ThreadPool, PinsItsWorkersApart) {
  const std::vector<int> cpus = detect::allowed_cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "one CPU only";
  ThreadPool pool(unsigned(cpus.size()), cpus);
  std::mutex mutex;
  std::set<int> pinned_to;
  std::atomic<int> workers{0};
  const std::thread::id caller = std::this_thread::get_id();
  pool.run(cpus.size(), unsigned(cpus.size()), [&](std::size_t) noexcept {
    ++workers;
    while (workers < int(cpus.size())) std::this_thread::yield();
    if (std::this_thread::get_id() == caller) return;
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    std::lock_guard lock(mutex);
    if (CPU_COUNT(&set) == 1) pinned_to.insert(sched_getcpu());
  });
  EXPECT_EQ(pinned_to.size(), cpus.size() - 1);
}

TEST(TaskQueue, RunsInOrderAndCancelsTheRest) {
  std::vector<int> order;
  std::atomic<bool> started{false};
  int cancelled = 0;
  {
    TaskQueue queue;
    queue.push({[&](bool) {
      started = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      order.push_back(1);
    }});
    queue.push({[&](bool c) { c ? void(++cancelled) : order.push_back(2); }});
    while (!started) std::this_thread::yield();
  }
  EXPECT_EQ(order, std::vector<int>{1});
  EXPECT_EQ(cancelled, 1);
}

TEST(TaskQueue, PreparesTheNextTaskBesideOneWhoseMemoryIsKnown) {
  using Memories = std::vector<const void*>;
  const Memories first = {&first};
  for (bool is_known : {true, false}) {
    std::atomic<bool> is_running{false}, is_prepared{false}, was_early{false};
    Memories busy;
    std::promise<void> done;
    TaskQueue queue;
    TaskQueue::Task task{[&](bool) {
      is_running = true;
      for (int i = 0; i < 200 && !is_prepared; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      was_early = is_prepared.load();
    }};
    if (is_known) task.memories = first;
    TaskQueue::Task next{[&](bool) { done.set_value(); }, Memories(),
                         [&](const Memories& others) {
                           busy = others;
                           is_prepared = true;
                         }};
    queue.push(std::move(task));
    queue.push(std::move(next));
    done.get_future().wait();
    EXPECT_EQ(was_early, is_known);
    EXPECT_EQ(busy, is_known ? first : busy);
  }
}

TEST(Cut, CoversTheAxisWithGranulesOfPowersOfTwo) {
  for (std::size_t n : {0, 1, 1023, 1024, 4096, 4097, 100'000, 10'000'019}) {
    const Axis axis = vector_axis(n);
    const std::size_t extent = part_extent(axis), parts = part_count(axis);
    EXPECT_TRUE(std::has_single_bit(extent / axis.granule) && extent % axis.granule == 0);
    std::size_t covered = 0;
    for (std::size_t i = 0; i < parts; ++i) {
      const Range r = part_range(axis, i);
      EXPECT_EQ(r.begin, covered);
      covered = r.end;
    }
    EXPECT_EQ(covered, n);
  }
}

TEST(Cut, BoxesTileAPlane) {
  const Cut<2> cut = {Axis{.extent = 500, .granule = 96, .least = 96, .most = 192},
                      Axis{.extent = 301, .granule = 100, .least = 100}};
  std::vector<int> seen(500 * 301);
  for (std::size_t i = 0; i < part_count(cut); ++i) {
    const Box<2> box = part_box(cut, i);
    for (std::size_t r = box[0].begin; r < box[0].end; ++r)
      for (std::size_t c = box[1].begin; c < box[1].end; ++c) ++seen[r * 301 + c];
  }
  for (int s : seen) ASSERT_EQ(s, 1);
}

TEST(Scratch, IsAlignedAndGrows) {
  void* small = thread_scratch(100);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(small) % 64, 0u);
  EXPECT_EQ(thread_scratch(50), small);
  void* large = thread_scratch(5 << 20);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(large) % 64, 0u);
  static_cast<char*>(large)[(5 << 20) - 1] = 1;
  EXPECT_EQ(thread_scratch(std::size_t(-1)), nullptr);
}

}  // namespace
}  // namespace flynn

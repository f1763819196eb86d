#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <future>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include <flynn/buffer.hpp>
#include <host/cut/cut.hpp>
#include <host/detect/budget.hpp>
#include <host/pools/placement.hpp>
#include <host/pools/scratch.hpp>
#include <host/pools/spin.hpp>
#include <host/pools/task_queue.hpp>
#include <host/pools/thread_pool.hpp>
#include <tests/seed.hpp>

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

// More threads than CPUs: some come late to every job, and must find nothing of it left, nor of the next one.
TEST(ThreadPool, LateThreadsTakeNothing) {
  ThreadPool pool(5, {});
  std::mt19937 random{unsigned(test_seed())};
  for (int round = 0; round < 5000; ++round) {
    const std::size_t parts = 2 + random() % 12;
    const unsigned threads = 2 + random() % 4;
    std::vector<std::atomic<int>> seen(parts);
    const unsigned took_part = pool.run(parts, threads, [&](std::size_t i) noexcept { ++seen[i]; });
    for (std::size_t i = 0; i < parts; ++i) ASSERT_EQ(seen[i], 1) << "part " << i << " of " << parts;
    ASSERT_TRUE(took_part >= 1 && took_part <= threads);
    if (random() % 64 == 0) std::this_thread::sleep_for(std::chrono::nanoseconds(random() % (2 * spin_ns)));
  }
}

// An owner who does not come back from a part does not keep its other parts.
TEST(ThreadPool, TakesTheLastPartOfAThreadThatIsStuck) {
  ThreadPool pool(2, {});
  std::atomic<int> done{0};
  std::atomic<bool> is_stuck{false};
  const std::thread::id caller = std::this_thread::get_id();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  auto wait_for = [end](auto holds) {
    while (!holds() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  };
  pool.run(4, 2, [&](std::size_t) noexcept {
    if (std::this_thread::get_id() == caller)
      wait_for([&] { return is_stuck.load(); });
    else if (!is_stuck.exchange(true))
      wait_for([&] { return done == 3; });
    ++done;
  });
  EXPECT_LT(std::chrono::steady_clock::now(), end);
  EXPECT_EQ(done, 4);
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

TEST(Seats, FollowTheNodesAndHaveTheCaller) {
  const std::vector<int> cpus = {0, 1, 2, 3, 4, 5, 6, 7}, nodes = {0, 1, 0, 1, 0, 1, 0, 1};
  using Seats = std::vector<Seat>;
  EXPECT_EQ(choose_seats(8, cpus, nodes, 5), (Seats{{0, 0}, {2, 0}, {4, 0}, {6, 0}, {1, 1}, {3, 1}, {5, 1}, {7, 1}}));
  EXPECT_EQ(choose_seats(4, cpus, nodes, 0), (Seats{{0, 0}, {2, 0}, {1, 1}, {3, 1}})) << "both nodes alike";
  EXPECT_EQ(choose_seats(4, cpus, nodes, 7), (Seats{{0, 0}, {2, 0}, {1, 1}, {7, 1}}));
  EXPECT_EQ(choose_seats(1, cpus, nodes, 7), (Seats{{7, 1}}));
  EXPECT_EQ(choose_seats(2, cpus, {}, 6), (Seats{{0, 0}, {6, 0}}));
  EXPECT_EQ(choose_seats(2, cpus, {}, 99), (Seats{{0, 0}, {1, 0}})) << "the caller is on a CPU that is not ours";
  EXPECT_EQ(choose_seats(3, {4}, {}, 4), (Seats{{4, 0}, {-1, 0}, {-1, 0}}));
  EXPECT_EQ(choose_seats(5, cpus, {0, 0, 0, 0, 0, 0, 0, 1}, 0), (Seats{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {7, 1}}));
}

TEST(Placement, SharesOfBytesFollowTheSeats) {
  const std::vector<Seat> seats = {{0, 0}, {2, 0}, {4, 0}, {1, 3}};
  using Ranges = std::vector<PageRange>;
  EXPECT_EQ(ranges_by_part(16 * 4096, 4096, seats), (Ranges{{0, 12 * 4096, 0}, {12 * 4096, 16 * 4096, 3}}));
  EXPECT_EQ(ranges_by_part(10 * 4096 - 1, 4096, seats), (Ranges{{0, 7 * 4096, 0}, {7 * 4096, 10 * 4096, 3}}));
  EXPECT_EQ(ranges_by_part(1, 4096, seats), (Ranges{{0, 4096, 3}}));
  EXPECT_EQ(ranges_by_part(0, 4096, seats), Ranges{});
}

TEST(Placement, PagesThatAreThereHaveANode) {
  const Buffer memory(std::size_t{4} << 20, Placement::by_part);
  memory.as<char>()[0] = 1;
  const void* const addresses[] = {memory.data(), memory.as<char>().data() + 3};
  const std::vector<int> nodes = nodes_of_pages(addresses);
  if (nodes[0] < 0) GTEST_SKIP() << "the system does not say where pages are";
  EXPECT_EQ(nodes[0], nodes[1]);
}

/// A pool that believes its CPUs, which are those of this machine or none, to be on two nodes.
struct TwoNodes {
  static constexpr unsigned half = 2;
  static inline unsigned jobs = 0;
  ThreadPool pool{2 * half, {1000, 1001, 1002, 1003}, {0, 0, 1, 1}};

  /// Which threads began a job whose parts all wait for each other, one part a thread.
  std::vector<std::thread::id> first_parts(std::size_t parts) {
    std::vector<std::thread::id> owners(parts);
    std::atomic<unsigned> waiting{0};
    thread_local unsigned last_job = 0;
    const unsigned job = ++jobs;
    const auto now = std::chrono::steady_clock::now();
    pool.run(parts, 2 * half, [&](std::size_t part) noexcept {
      owners[part] = std::this_thread::get_id();
      if (std::exchange(last_job, job) == job) return;
      ++waiting;
      while (waiting < 2 * half && std::chrono::steady_clock::now() - now < std::chrono::seconds(10))
        std::this_thread::yield();
    });
    return owners;
  }
};

TEST(ThreadPool, OrdersPartsByTheirHomes) {
  TwoNodes two;
  ASSERT_TRUE(two.pool.spans_nodes());
  const std::vector<std::thread::id> plain = two.first_parts(4);
  ASSERT_EQ(std::set(plain.begin(), plain.end()).size(), 4u) << "each thread has one part";

  // The halves are the other way round: who had parts 0 and 1 has 2 and 3 now.
  const std::vector<int> swapped = {1, 1, 0, 0};
  std::vector<std::thread::id> moved;
  {
    const PartHomes homes(swapped);
    moved = two.first_parts(4);
  }
  EXPECT_EQ((std::set{moved[2], moved[3]}), (std::set{plain[0], plain[1]}));
  EXPECT_EQ((std::set{moved[0], moved[1]}), (std::set{plain[2], plain[3]}));
}

TEST(ThreadPool, TakesWhatIsLeftOnItsOwnNodeFirst) {
  TwoNodes two;
  // Eight parts in four shares of two. All threads are held in their first part but the second one of node 0.
  std::atomic<int> waiting{0}, taken{0};
  std::vector<std::size_t> order;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  auto wait_for = [&](const std::atomic<int>& count, int enough) {
    while (count < enough && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  };
  two.pool.run(8, 4, [&](std::size_t part) noexcept {
    ++waiting;
    wait_for(waiting, 4);
    if (part % 2 == 0 && part != 2) return wait_for(taken, 5);
    if (taken < 5) order.push_back(part);
    ++taken;
  });
  EXPECT_EQ(order, (std::vector<std::size_t>{2, 3, 1, 5, 7}));
}

TEST(ThreadPool, RunsEveryPartOnceWhateverTheHomes) {
  TwoNodes two;
  for (unsigned threads : {1u, 2u, 3u, 4u})
    for (std::size_t parts : {2, 5, 64, 1000}) {
      std::vector<int> nodes(parts);
      for (std::size_t i = 0; i < parts; ++i) nodes[i] = int(i * 7 % 5) - 2;  // -2 and -1: unknown; 2: nobody is there
      const PartHomes homes(nodes);
      for (std::size_t run : {parts, parts + 1}) {  // a job of other parts takes no notice
        std::vector<std::atomic<int>> seen(run);
        two.pool.run(run, threads, [&](std::size_t i) noexcept { ++seen[i]; });
        for (std::size_t i = 0; i < run; ++i) ASSERT_EQ(seen[i], 1) << "part " << i << " of " << run;
      }
    }
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

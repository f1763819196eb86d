// Queues between threads and processes: order, bounds, waits, large items, and what is said.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include <flynn/mp.hpp>
#include <tests/code_of.hpp>
#include <tests/faults/leak_check.hpp>
#include <tests/seed.hpp>
#include <tests/waits.hpp>

namespace flynn::mp {
namespace {

using namespace std::chrono_literals;
using QueueTest = faults::LeakTest;

void produce(const Queue<int>& queue, int first, int count) {
  for (int i = 0; i < count; ++i) queue.put(first + i);
}
void relay(const Queue<std::string>& from, const Queue<std::string>& to) {
  try {
    for (;;) to.put(from.get());
  } catch (const Closed&) {
    to.close();
  }
}
int work_until_closed(const JoinableQueue<int>& queue) {
  int count = 0;
  try {
    for (;; ++count) {
      queue.get();
      queue.task_done();
    }
  } catch (const Closed&) {
  }
  return count;
}

TEST_F(QueueTest, GiveItemsInTheirOrder) {
  const Queue<int> queue(3);
  const LifoQueue<int> lifo(3);
  const PriorityQueue<int> least(3);
  const PriorityQueue<int, std::greater<int>> most(3);
  for (int i : {2, 3, 1}) queue.put(i), lifo.put(i), least.put(i), most.put(i);
  for (int i : {2, 3, 1}) EXPECT_EQ(queue.get(), i);
  for (int i : {1, 3, 2}) EXPECT_EQ(lifo.get(), i);
  for (int i : {1, 2, 3}) EXPECT_EQ(least.get(), i);
  for (int i : {3, 2, 1}) EXPECT_EQ(most.get(), i);
}

TEST_F(QueueTest, SayWhatTheyHold) {
  const Queue<std::string> queue(2);
  EXPECT_TRUE(queue.empty() && !queue.full() && queue.qsize() == 0 && queue.maxsize() == 2);
  queue.put("a");
  EXPECT_TRUE(!queue.empty() && !queue.full() && queue.qsize() == 1);
  queue.put("b");
  EXPECT_TRUE(queue.full());
}

TEST_F(QueueTest, WaitAtMostSoLong) {
  const Queue<int> queue(1);
  EXPECT_THROW(queue.get_nowait(), Empty);
  expect_to_last(20ms, [&] { EXPECT_THROW(queue.get(20ms), Empty); });
  EXPECT_EQ(queue.try_get().error().code(), Code::deadline_exceeded);
  queue.put_nowait(1);
  EXPECT_THROW(queue.put_nowait(2), Full);
  expect_to_last(20ms, [&] { EXPECT_THROW(queue.put(2, 20ms), Full); });
  EXPECT_FALSE(queue.try_put(2));
  EXPECT_EQ(*queue.try_get(), 1);
}

TEST_F(QueueTest, Close) {
  const Queue<int> queue(1);
  queue.put(1);
  std::thread blocked([&] { EXPECT_THROW(queue.put(2), Closed); });
  queue.close();
  blocked.join();
  EXPECT_TRUE(queue.closed());
  EXPECT_THROW(queue.put(2), Closed);
  EXPECT_EQ(queue.get(), 1);
  EXPECT_THROW(queue.get(), Closed);
}

TEST_F(QueueTest, WakeThoseWhoWait) {
  const auto empty = [] { return Queue<int>(2); };
  const auto full = [] {
    const Queue<int> queue(2);
    queue.put(1), queue.put(2);
    return queue;
  };
  const auto get = [](const Queue<int>& queue) { queue.get(); };
  const auto put = [](const Queue<int>& queue) { queue.put(3); };
  expect_to_wake(empty, get, [&](const Queue<int>& queue) { put(queue), put(queue); });
  expect_to_wake(full, put, [&](const Queue<int>& queue) { get(queue), get(queue); });
  const auto get_none = [&](const Queue<int>& queue) { EXPECT_THROW(get(queue), Closed); };
  const auto put_none = [&](const Queue<int>& queue) { EXPECT_THROW(put(queue), Closed); };
  const auto close = [](const Queue<int>& queue) { queue.close(); };
  expect_to_wake(empty, get_none, close);
  expect_to_wake(full, put_none, close);
  const auto one = [] {
    const JoinableQueue<int> queue(1);
    queue.put(1);
    return queue;
  };
  const auto join = [](const JoinableQueue<int>& queue) { queue.join(); };
  expect_to_wake(one, join, [](const JoinableQueue<int>& queue) { queue.task_done(); });
}

TEST_F(QueueTest, MustBeMadeWithASize) {
  EXPECT_EQ(code_of([] { Queue<int>().put(1); }), Code::invalid_argument);
  EXPECT_EQ(code_of([] { Queue<int>(0); }), Code::invalid_argument);
}

TEST_F(QueueTest, TakeLargeItems) {
  const std::string small(400, 's'), medium(5000, 'm'), large(3 << 20, 'l');
  const Queue<std::string> queue(4);
  const PriorityQueue<std::string> least(4);
  for (int round = 0; round < 3; ++round) {
    for (const std::string& text : {large, small, medium}) queue.put(text), least.put(text);
    for (const std::string& text : {large, small, medium}) EXPECT_EQ(queue.get(), text);
    for (const std::string& text : {large, medium, small}) EXPECT_EQ(least.get(), text);
  }
}

/// Of memory that it has.
auto blocks_of(const Queue<std::string>& queue) {
  std::byte room[100];
  std::vector<Enclosure> files;
  Writer out(room, nullptr, &files);
  queue.save(out);
  struct stat facts = {};
  fstat(files.at(0).file, &facts);
  return facts.st_blocks;
}

TEST_F(QueueTest, ThatAreFullGiveTheMemoryOfALargeItemBack) {
  const Queue<std::string> queue(1);
  queue.put("x");
  const std::string large(1 << 20, 'l');
  const auto blocks = blocks_of(queue);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(queue.try_put(large));
  EXPECT_EQ(blocks_of(queue), blocks);
  EXPECT_EQ(queue.get(), "x");
}

TEST_F(QueueTest, SortAsAHeapDoes) {
  std::mt19937_64 random(test_seed());
  const PriorityQueue<std::pair<int, std::string>> queue(200);
  std::multiset<std::pair<int, std::string>> same;
  for (int step = 0; step < 20'000; ++step) {
    if (same.empty() || (same.size() < 200 && random() % 2)) {
      const std::pair item(int(random() % 100), std::to_string(random() % 10));
      same.insert(item);
      queue.put_nowait(item);
    } else {
      ASSERT_EQ(queue.get_nowait(), *same.begin());
      same.erase(same.begin());
    }
    ASSERT_EQ(queue.qsize(), same.size());
  }
}

struct Fussy {
  int x = 0;
  bool operator<(const Fussy& other) const {
    if (other.x == 13 || x == 13) throw std::runtime_error("unlucky");
    return x < other.x;
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x);
  }
};

TEST_F(QueueTest, StayWholeWhenAComparisonThrows) {
  const PriorityQueue<Fussy> queue(10);
  for (int x : {5, 4, 3, 2}) queue.put({x});
  EXPECT_THROW(queue.put({13}), std::runtime_error);
  for (int x : {2, 3, 4, 5}) EXPECT_EQ(queue.get(1s).x, x);
}

TEST_F(QueueTest, CountWhatIsDone) {
  const JoinableQueue<int> queue(10);
  EXPECT_TRUE(queue.join(0ns));
  EXPECT_EQ(code_of([&] { queue.task_done(); }), Code::invalid_argument);
  queue.put(1), queue.put(2);
  expect_to_last(20ms, [&] { EXPECT_FALSE(queue.join(20ms)); });
  queue.get(), queue.task_done();
  EXPECT_FALSE(queue.join(1ms));
  queue.get(), queue.task_done();
  EXPECT_TRUE(queue.join());
  EXPECT_EQ(code_of([&] { queue.task_done(); }), Code::invalid_argument);
}

TEST_F(QueueTest, JoinWaitsForOtherProcesses) {
  Pool pool(2);
  const JoinableQueue<int> queue(8);
  auto first = pool.apply_async(work_until_closed, queue), second = pool.apply_async(work_until_closed, queue);
  for (int i = 0; i < 1000; ++i) queue.put(i);
  EXPECT_TRUE(queue.join(10s));
  queue.close();
  EXPECT_EQ(first.get(10s) + second.get(10s), 1000);
}

/// Every item of four producers comes once, and those of each in their order.
template <class Start>
void expect_all_once(const Queue<int>& queue, int count, const Start& start) {
  start();
  std::vector<int> next(4);
  for (int i = 0; i < 4 * count; ++i) {
    const int item = queue.get(20s);
    const std::size_t producer = std::size_t(item / 1'000'000);
    ASSERT_EQ(item % 1'000'000, next[producer]++);
  }
  EXPECT_TRUE(queue.empty());
}

TEST_F(QueueTest, ServeThreads) {
  const Queue<int> queue(16);
  std::vector<std::thread> threads;
  expect_all_once(queue, 5000, [&] {
    for (int p = 0; p < 4; ++p) threads.emplace_back([=] { produce(queue, p * 1'000'000, 5000); });
  });
  for (std::thread& thread : threads) thread.join();
}

TEST_F(QueueTest, ServeProcesses) {
  for (StartMethod method : {StartMethod::forkserver, StartMethod::spawn}) {
    const Queue<int> queue(16);
    std::vector<Process> processes;
    expect_all_once(queue, 5000, [&] {
      for (int p = 0; p < 4; ++p)
        processes.emplace_back(ProcessOptions{.start_method = method}, produce, queue, p * 1'000'000, 5000).start();
    });
  }
}

TEST_F(QueueTest, PassTextsOn) {
  const Queue<std::string> there(4), back(4);
  Process process(relay, there, back);
  process.start();
  std::mt19937_64 random(test_seed());
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) texts.emplace_back(std::size_t(random() % 3000), char('a' + i % 26));
  std::thread sender([&] {
    for (const std::string& text : texts) there.put(text);
    there.close();
  });
  for (const std::string& text : texts) EXPECT_EQ(back.get(10s), text);
  EXPECT_THROW(back.get(10s), Closed);
  sender.join();
  EXPECT_TRUE(process.join(10s));
}

int sum_of_two(const Queue<int>& a, const std::vector<Queue<int>>& more) { return a.get() + more.at(0).get(); }

TEST_F(QueueTest, AreArgumentsOfTasksAndPartsOfThem) {
  Pool pool(2);
  const Queue<int> a(4), b(4);
  for (int i = 0; i < 4; ++i) a.put(i), b.put(10 * i);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(pool.apply(sum_of_two, a, std::vector{b}), 11 * i);
}

int file_of_a_queue;

TEST_F(QueueTest, RefuseAnotherTypeOrOrder) {
  const Queue<int> queue(1);
  std::byte room[100];
  std::vector<Enclosure> files;
  Writer out(room, nullptr, &files);
  queue.save(out);
  file_of_a_queue = files.at(0).file;
  const auto read_as = [&](auto other) {
    Reader in(room, 0, [](std::uint64_t) { return dup(file_of_a_queue); });
    other.load(in);
    other.put(1);
  };
  EXPECT_EQ(code_of([&] { read_as(Queue<double>()); }), Code::internal);
  EXPECT_EQ(code_of([&] { read_as(LifoQueue<int>()); }), Code::internal);
  EXPECT_TRUE(queue.empty());
  read_as(Queue<int>());
  EXPECT_EQ(queue.get(1s), 1);
}

TEST_F(QueueTest, AreNoItemsOfQueues) {
  const Queue<Queue<int>> queue(1);
  EXPECT_EQ(code_of([&] { queue.put(Queue<int>(1)); }), Code::unsupported);
}

}  // namespace
}  // namespace flynn::mp

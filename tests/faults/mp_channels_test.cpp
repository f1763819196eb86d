// Rows A14 and A15 of docs/faults.md: processes that die in the middle of a queue's put or get, and the death of a
// manager.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include <flynn/mp.hpp>
#include <host/mp/queue_core.hpp>
#include <tests/faults/leak_check.hpp>
#include <tests/seed.hpp>

namespace flynn::mp {
namespace {

using namespace std::chrono_literals;
using faults::slow;

/// Ends the process at the store with that number; 0: never.
struct KillAtStore {
  static inline std::uint64_t left = 0;
  static void point() {
    if (left > 0 && --left == 0) kill(getpid(), SIGKILL);
  }
};

/// Items are numbers, twice: a half written one would show.
struct LessNumber {
  bool operator()(const Item& a, const Item& b) const { return std::memcmp(a.data, b.data, 8) < 0; }
};
using Core = QueueCore<LessNumber, KillAtStore>;

Item item_of(std::uint64_t number) {
  Item item;
  item.bytes = 16;
  item.extent = 0;
  const std::uint64_t big_endian = __builtin_bswap64(number);  // so that memcmp orders it
  std::memcpy(item.data, &big_endian, 8);
  std::memcpy(item.data + 8, &big_endian, 8);
  return item;
}
std::uint64_t number_of(const Item& item) {
  std::uint64_t number, again;
  std::memcpy(&number, item.data, 8);
  std::memcpy(&again, item.data + 8, 8);
  EXPECT_EQ(item.bytes, 16u);
  EXPECT_EQ(number, again) << "half an item";
  return __builtin_bswap64(number);
}

class QueueFaults : public ::testing::TestWithParam<QueueOrder> {
 protected:
  static constexpr std::uint64_t capacity = 20;

  QueueFaults() {
    memory_ = mmap(nullptr, QueueBoard::bytes_for(capacity), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    board_ = new (memory_) QueueBoard();
    Core::init(*board_, GetParam(), capacity);
  }
  ~QueueFaults() override { munmap(memory_, QueueBoard::bytes_for(capacity)); }

  /// A copy of this process does it, and is killed at its store number `store`. Whether it was.
  template <class Work>
  bool dies_at(std::uint64_t store, const Work& work) {
    const pid_t child = fork();
    if (child == 0) {
      KillAtStore::left = store;
      work();
      _exit(0);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status);
  }
  std::int64_t soon() const { return monotonic_ns() + std::int64_t{1'000'000'000} * slow; }

  /// What is in it, taken out; as it must come.
  std::vector<std::uint64_t> drain() {
    std::vector<std::uint64_t> all;
    for (Item item; core().get(item, monotonic_ns()) == Outcome::done;) all.push_back(number_of(item));
    return all;
  }
  /// In the order in which the queue gives what was put so.
  std::vector<std::uint64_t> given(std::vector<std::uint64_t> put) const {
    if (GetParam() == QueueOrder::last_in) std::reverse(put.begin(), put.end());
    if (GetParam() == QueueOrder::least) std::sort(put.begin(), put.end());
    return put;
  }
  Core core() { return {*board_, {}}; }

  void* memory_;
  QueueBoard* board_;
};

TEST_P(QueueFaults, A14_APutCountsOrDoesNot) {
  std::mt19937_64 random(test_seed());
  int deaths = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<std::uint64_t> put;
    for (std::uint64_t i = random() % 12; i > 0; --i) put.push_back(random() % 100);
    for (const std::uint64_t number : put) ASSERT_EQ(core().put(item_of(number), soon()), Outcome::done);
    const std::uint64_t number = random() % 100;
    if (dies_at(1 + random() % 12, [&] { core().put(item_of(number), soon()); })) ++deaths;
    ASSERT_EQ(core().put(item_of(7), soon()), Outcome::done);  // the next one, within a second
    ASSERT_EQ(core().put(item_of(8), soon()), Outcome::done);
    std::vector<std::uint64_t> with = put;
    with.push_back(number);
    for (auto* expected : {&put, &with}) expected->push_back(7), expected->push_back(8);
    const std::vector<std::uint64_t> all = drain();
    ASSERT_TRUE(all == given(put) || all == given(with)) << "seed " << test_seed() << ", round " << round;
  }
  EXPECT_GT(deaths, 30);
}

TEST_P(QueueFaults, A14_AGetCountsOrDoesNot) {
  std::mt19937_64 random(test_seed() + 1);
  int deaths = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<std::uint64_t> put;
    for (std::uint64_t i = 1 + random() % 12; i > 0; --i) put.push_back(random() % 100);
    for (const std::uint64_t number : put) ASSERT_EQ(core().put(item_of(number), soon()), Outcome::done);
    const auto get = [&] {
      Item item;
      core().get(item, soon());
    };
    if (dies_at(1 + random() % 12, get)) ++deaths;
    const std::vector<std::uint64_t> before = given(put), after(before.begin() + 1, before.end());
    const std::vector<std::uint64_t> all = drain();
    ASSERT_TRUE(all == before || all == after) << "seed " << test_seed() << ", round " << round;
  }
  EXPECT_GT(deaths, 30);
}

/// Processes put and get, and are killed at any store; whoever is left is served. Each item comes at most once, and of
/// those that were put (their putter said so) none is missing but what a killed getter had.
TEST_P(QueueFaults, A14_TheOthersGoOn) {
  constexpr std::uint64_t rounds = 60;
  std::mt19937_64 random(test_seed() + 2);
  std::map<std::uint64_t, int> seen;
  std::uint64_t next = 1, sure = 0, killed = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const std::uint64_t first = next;
    next += 10;
    const bool puts = round % 2 == 0;
    const auto work = [&] {
      Item item;
      for (std::uint64_t i = 0; i < 10; ++i) puts ? core().put(item_of(first + i), soon()) : core().get(item, soon());
    };
    std::thread other([&] {  // at the same time
      if (puts) return;
      for (std::uint64_t i = 0; i < 10; ++i) EXPECT_EQ(core().put(item_of(first + i), soon()), Outcome::done);
    });
    const bool died = dies_at(1 + random() % 100, work);
    killed += died;
    other.join();
    for (const std::uint64_t number : drain()) ++seen[number];
    if (puts && !died) sure += 10;
  }
  for (const auto& [number, count] : seen) {
    EXPECT_EQ(count, 1) << number;
    EXPECT_LT(number, next);
  }
  EXPECT_GE(seen.size(), sure);
  EXPECT_GT(killed, 10u);
}

/// Does something in the middle of the first put.
struct CallAtStore {
  static inline std::function<void()> call;
  static void point() {
    if (call) std::exchange(call, nullptr)();
  }
};

/// Whoever gets until the queue is closed and empty gets all: close() lets a put that has begun come to its end first.
/// It waits 0.1 s, and the put here lasts a fifth of that.
TEST_P(QueueFaults, CloseAfterAPutThatHasBegun) {
  QueueCore<LessNumber, CallAtStore> core(*board_, {});
  std::thread closer;
  bool was_closed = false;
  CallAtStore::call = [&] {
    closer = std::thread([&] { core.close(); });
    for (const std::int64_t end = monotonic_ns() + 20'000'000; !was_closed && monotonic_ns() < end;)
      was_closed = board_->is_closed != 0;
  };
  EXPECT_EQ(core.put(item_of(5), soon()), Outcome::done);
  EXPECT_FALSE(was_closed) << "who gets would have gone";
  closer.join();
  EXPECT_EQ(drain(), std::vector<std::uint64_t>{5});
  EXPECT_EQ(core.put(item_of(6), soon()), Outcome::closed);
}

std::string name_of_order(const ::testing::TestParamInfo<QueueOrder>& info) {
  constexpr const char* names[] = {"first_in", "last_in", "least"};
  return names[std::uint32_t(info.param)];
}
INSTANTIATE_TEST_SUITE_P(Orders, QueueFaults,
                         ::testing::Values(QueueOrder::first_in, QueueOrder::last_in, QueueOrder::least),
                         name_of_order);

using ChannelFaults = faults::LeakTest;

void get_for_ever(const Queue<std::string>& queue) {
  for (;;) queue.get();
}
void put_for_ever(const Queue<std::string>& queue, std::size_t bytes) {
  for (;;) queue.put(std::string(bytes, 'x'));
}

TEST_F(ChannelFaults, A14_AKilledReaderLeavesTheItemsToOthers) {
  for (int round = 0; round < 20; ++round) {
    const Queue<std::string> queue(4);
    Process idle({.daemon = true}, get_for_ever, queue);
    idle.start();
    queue.put("first");
    ASSERT_TRUE(faults::holds_within(5s, [&] { return queue.empty(); }));  // it waits, or will
    idle.kill();
    queue.put("second");
    const auto got = queue.try_get(1s * slow);
    idle.join();
    EXPECT_TRUE(got ? *got == "second" : queue.empty());  // or the killed one had taken it before it died
  }
}

TEST_F(ChannelFaults, A14_KilledWritersLeaveWholeItems) {
  for (const std::size_t bytes : {std::size_t{8}, std::size_t{400}, std::size_t{100'000}}) {
    const Queue<std::string> queue(8);
    for (int round = 0; round < 5; ++round) {
      Process writer({.daemon = true}, put_for_ever, queue, bytes);
      writer.start();
      for (int i = 0; i < 50; ++i) ASSERT_EQ(queue.get(5s * slow), std::string(bytes, 'x'));
      writer.kill();
      writer.join();
      while (const auto rest = queue.try_get()) ASSERT_EQ(*rest, std::string(bytes, 'x'));
    }
    queue.put("and on");
    EXPECT_EQ(queue.get(1s * slow), "and on");
  }
}

TEST_F(ChannelFaults, A14_APipeSaysThatItsOtherEndDied) {
  auto [here, there] = Pipe();
  Process process(
      {.daemon = true}, [](const Connection& end) { end.recv<int>(); }, std::move(there));
  process.start();
  std::thread kills([&] { process.kill(); });
  EXPECT_THROW(here.recv<int>(1s * slow), Closed);
  kills.join();
}

TEST_F(ChannelFaults, A15_ProxiesOfADeadManagerSaySo) {
  Manager manager;
  const auto list = manager.list<int>({1});
  const auto queue = manager.queue<int>();
  std::atomic<bool> waits = false;
  std::thread waiter([&] {
    waits = true;
    EXPECT_THROW(queue.get(), ManagerDied);
  });
  Pool pool(1);
  const auto size_of = [](const ListProxy<int>& proxy) { return proxy.size(); };
  EXPECT_EQ(pool.apply(size_of, list), 1u);
  ASSERT_TRUE(faults::holds_within(5s, [&] { return waits.load(); }));
  const auto begin = std::chrono::steady_clock::now();
  kill(manager.pid(), SIGKILL);
  ASSERT_TRUE(faults::holds_within(1s * slow, [&] { return !faults::is_alive(manager.pid()); }));
  waiter.join();
  EXPECT_THROW(list.size(), ManagerDied);
  EXPECT_THROW(manager.list<int>(), ManagerDied);
  try {
    pool.apply(size_of, list);
    ADD_FAILURE();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.type(), "flynn::mp::ManagerDied");
    EXPECT_NE(error.message().find("manager_died"), std::string::npos);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s * slow);
}

TEST_F(ChannelFaults, A28_AFullQueueKeepsNobodyFromEnding) {
  const Queue<std::string> queue(1);
  {
    Pool pool(2);
    pool.apply_async(put_for_ever, queue, std::size_t{10});
    pool.apply_async(put_for_ever, queue, std::size_t{10});
    ASSERT_TRUE(faults::holds_within(5s, [&] { return queue.full(); }));
    pool.terminate();
  }
  EXPECT_EQ(queue.get(1s), std::string(10, 'x'));
}

}  // namespace
}  // namespace flynn::mp

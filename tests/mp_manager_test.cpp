// Objects in a manager: what they do, from several processes, and what is said when something is wrong.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include <flynn/mp.hpp>
#include <tests/faults/leak_check.hpp>
#include <tests/waits.hpp>

namespace flynn::mp {
namespace {

using namespace std::chrono_literals;
using ManagerTest = faults::LeakTest;

/// A class of a user. It knows nothing of managers.
class Counter {
 public:
  explicit Counter(int start) : value_(start) {}
  int add(int by) { return value_ += by; }
  int value() const { return value_; }
  pid_t where() const { return getpid(); }
  void fail(const std::string& why) { throw std::domain_error(why); }

 private:
  int value_;
};

void add_many(const Proxy<Counter>& counter, int times) {
  for (int i = 0; i < times; ++i) counter.call<&Counter::add>(1);
}

TEST_F(ManagerTest, KeepLists) {
  const Manager manager;
  const auto list = manager.list<std::string>({"a"});
  list.append("b");
  list.extend({"c", "d"});
  list.set(0, "x");
  EXPECT_EQ(list.pop(), "d");
  EXPECT_EQ(list.size(), 3u);
  EXPECT_EQ(list.get(2), "c");
  EXPECT_EQ(list.all(), (std::vector<std::string>{"x", "b", "c"}));
}

TEST_F(ManagerTest, KeepDictionariesAndSets) {
  const Manager manager;
  const auto dict = manager.dict<std::string, int>({{"one", 1}});
  dict.set("two", 2);
  EXPECT_EQ(dict.get("two"), 2);
  EXPECT_EQ(dict.get("three", 3), 3);
  EXPECT_TRUE(dict.contains("one") && !dict.contains("three"));
  EXPECT_TRUE(dict.erase("one"));
  EXPECT_EQ(dict.all(), (std::map<std::string, int>{{"two", 2}}));
  const auto set = manager.set<int>({1});
  EXPECT_TRUE(set.add(2) && !set.add(2) && set.contains(1) && set.discard(1) && !set.contains(1));
  EXPECT_EQ(set.all(), std::set<int>{2});
}

TEST_F(ManagerTest, KeepNamespaces) {
  const Manager manager;
  const auto names = manager.Namespace();
  names.set("x", 5);
  names.set("text", "hello");
  EXPECT_EQ(names.get<int>("x"), 5);
  EXPECT_EQ(names.get<std::string>("text"), "hello");
  EXPECT_THROW(names.get<double>("x"), RemoteError);
  EXPECT_THROW(names.get<int>("y"), RemoteError);
  EXPECT_FALSE(names.contains("y"));
}

TEST_F(ManagerTest, KeepQueues) {
  const Manager manager;
  const auto queue = manager.queue<int>(2);
  queue.put(1), queue.put(2);
  expect_to_last(20ms, [&] { EXPECT_THROW(queue.put(3, 20ms), Full); });
  EXPECT_EQ(queue.get(), 1);
  EXPECT_EQ(queue.get(), 2);
  expect_to_last(20ms, [&] { EXPECT_THROW(queue.get(20ms), Empty); });
  std::thread sends([&] { queue.put(7); });
  EXPECT_EQ(queue.get(5s), 7);
  sends.join();
}

TEST_F(ManagerTest, KeepObjectsOfUsers) {
  const Manager manager;
  const Proxy<Counter> counter = manager.make<Counter>(5);
  EXPECT_EQ(counter.call<&Counter::where>(), manager.pid());
  EXPECT_EQ(counter.call<&Counter::add>(3), 8);
  EXPECT_EQ(counter.call<&Counter::value>(), 8);
  try {
    counter.call<&Counter::fail>("so");
    ADD_FAILURE();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.type(), "std::domain_error");
    EXPECT_EQ(error.message(), "so");
  }
  EXPECT_EQ(counter.call<&Counter::add>(0), 8);
}

TEST_F(ManagerTest, ServeProcessesAndThreads) {
  const Manager manager;
  const Proxy<Counter> counter = manager.make<Counter>(0);
  const auto list = manager.list<int>();
  Pool pool(2);
  std::vector<AsyncResult<void>> results;
  for (int i = 0; i < 4; ++i) results.push_back(pool.apply_async(add_many, counter, 100));
  pool.map([](const std::pair<ListProxy<int>, int>& item) { item.first.append(item.second); },
           std::vector<std::pair<ListProxy<int>, int>>{{list, 1}, {list, 2}, {list, 3}});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(add_many, counter, 100);
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) result.get(10s);
  EXPECT_EQ(counter.call<&Counter::value>(), 800);
  auto all = list.all();
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector{1, 2, 3}));
}

TEST_F(ManagerTest, KeepProxiesInLists) {
  const Manager manager;
  const auto outer = manager.list<ListProxy<int>>();
  outer.append(manager.list<int>({1, 2}));
  EXPECT_EQ(outer.get(0).all(), (std::vector{1, 2}));
}

TEST_F(ManagerTest, EndWithTheirObjects) {
  ListProxy<int> list;
  pid_t pid = 0;
  {
    Manager manager;
    list = manager.list<int>();
    pid = manager.pid();
  }
  EXPECT_FALSE(faults::is_alive(pid));
  EXPECT_THROW(list.append(1), ManagerDied);
  EXPECT_THROW(ListProxy<int>().append(1), Error);
}

}  // namespace
}  // namespace flynn::mp

// What the locks of flynn::mp promise, between threads and between processes. What they do when somebody dies is in
// tests/faults/mp_locks_faults_test.cpp.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <flynn/mp.hpp>
#include <tests/faults/leak_check.hpp>
#include <tests/waits.hpp>

namespace flynn::mp {
namespace {

using namespace std::chrono_literals;
using LockTest = faults::LeakTest;
using RLockTest = faults::LeakTest;
using SemaphoreTest = faults::LeakTest;
using BoundedSemaphoreTest = faults::LeakTest;
using EventTest = faults::LeakTest;
using ConditionTest = faults::LeakTest;
using BarrierTest = faults::LeakTest;
using ValueTest = faults::LeakTest;
using LocksTest = faults::LeakTest;
constexpr Duration soon = 10s * faults::slow;

template <class Body>
void in_threads(int count, Body body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

template <class Call>
void expect_misuse(Call call) {
  try {
    call();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument) << error.what();
  }
}

template <class L>
void count_up(const L& lock, const RawValue<long>& counter, int times) {
  for (int i = 0; i < times; ++i) {
    const std::lock_guard guard(lock);
    const long seen = counter.value();
    if (i % 16 == 0) std::this_thread::yield();
    counter.value() = seen + 1;
  }
}

template <class L>
class ExclusionTest : public faults::LeakTest {};
using Exclusive = testing::Types<Lock, RLock, Semaphore, BoundedSemaphore, Condition>;
TYPED_TEST_SUITE(ExclusionTest, Exclusive);

TYPED_TEST(ExclusionTest, OneAtATimeInThreadsAndInProcesses) {
  constexpr int times = 2000;
  const TypeParam lock;
  const RawValue<long> counter;
  Pool pool(2u);
  std::vector<AsyncResult<void>> results;
  for (int i = 0; i < 4; ++i) results.push_back(pool.apply_async(count_up<TypeParam>, lock, counter, times));
  in_threads(4, [&](int) { count_up(lock, counter, times); });
  for (const auto& result : results) result.get(soon);
  EXPECT_EQ(counter.value(), 8 * times);
}

TYPED_TEST(ExclusionTest, SaysInTimeThatAnotherHasIt) {
  const TypeParam lock;
  ASSERT_TRUE(lock.acquire());
  const auto attempt = [](const TypeParam& l, int milliseconds) {
    const auto begin = std::chrono::steady_clock::now();
    const bool is_mine = l.acquire(std::chrono::milliseconds(milliseconds));
    return std::pair(is_mine, std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(milliseconds));
  };
  Pool pool(1u);
  for (int milliseconds : {0, 1, 120}) {
    EXPECT_EQ(pool.apply(attempt, lock, milliseconds), std::pair(false, true));
    std::thread([&] { EXPECT_EQ(attempt(lock, milliseconds), std::pair(false, true)); }).join();
  }
  lock.release();
  EXPECT_TRUE(pool.apply(
      [](const TypeParam& l) {
        const std::unique_lock guard(l, std::try_to_lock);
        return guard.owns_lock();
      },
      lock));
}

TEST_F(LockTest, IsReleasedByItsOwnerAlone) {
  const Lock lock;
  expect_misuse([&] { lock.release(); });
  EXPECT_FALSE(lock.locked());
  lock.acquire();
  EXPECT_TRUE(lock.locked());
  expect_misuse([&] { lock.acquire(); });
  std::thread([&] { expect_misuse([&] { lock.release(); }); }).join();
  Pool pool(1u);
  EXPECT_TRUE(pool.apply([](const Lock& l) { return l.locked(); }, lock));
  EXPECT_THROW(pool.apply([](const Lock& l) { l.release(); }, lock), RemoteError);
  lock.release();
  EXPECT_FALSE(lock.locked());
}

TEST_F(LockTest, TravelsInContainersAndSharesADescriptor) {
  std::vector<Lock> locks(100);
  Lock warm;
  const auto files = faults::open_files();
  std::vector<Lock> more(100);
  EXPECT_LE(faults::open_files(), files + 1);
  locks[57].acquire();
  Pool pool(1u);
  const auto taken = pool.apply(
      [](const std::vector<Lock>& all) {
        std::vector<int> found;
        for (std::size_t i = 0; i < all.size(); ++i)
          if (all[i].locked()) found.push_back(int(i));
        return found;
      },
      locks);
  EXPECT_EQ(taken, std::vector<int>{57});
  locks[57].release();
  std::scoped_lock both(locks[1], more[1]);
}

TEST_F(RLockTest, IsFreeAfterAsManyReleases) {
  const RLock lock;
  const auto is_free = [&] {
    bool was_free = false;
    std::thread([&] { was_free = lock.try_lock() && (lock.release(), true); }).join();
    return was_free;
  };
  for (int i = 0; i < 3; ++i) lock.acquire();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(is_free());
    lock.release();
  }
  EXPECT_TRUE(is_free());
  expect_misuse([&] { lock.release(); });
}

TEST_F(SemaphoreTest, CountsPermits) {
  const Semaphore semaphore(3);
  for (unsigned i = 3; i > 0; --i) {
    EXPECT_EQ(semaphore.get_value(), i);
    EXPECT_TRUE(semaphore.try_lock());
  }
  EXPECT_TRUE(semaphore.locked());
  EXPECT_FALSE(semaphore.try_lock());
  semaphore.release(3);
  semaphore.release();
  EXPECT_EQ(semaphore.get_value(), 4u);
  Pool pool(1u);
  EXPECT_TRUE(pool.apply([](const Semaphore& s) { return s.try_lock(); }, semaphore));
  EXPECT_EQ(semaphore.get_value(), 3u);
  semaphore.release();  // counts for the worker
  EXPECT_EQ(semaphore.get_value(), 4u);
}

TEST_F(BoundedSemaphoreTest, IsNotReleasedTooOften) {
  const BoundedSemaphore semaphore(2);
  expect_misuse([&] { semaphore.release(); });
  semaphore.acquire();
  expect_misuse([&] { semaphore.release(2); });
  semaphore.release();
  expect_misuse([&] { semaphore.release(); });
  EXPECT_EQ(semaphore.get_value(), 2u);
}

TEST_F(LocksTest, WakeThoseWhoWait) {
  const auto acquire = [](const Semaphore& semaphore) { semaphore.acquire(); };
  expect_to_wake([] { return Semaphore(0); }, acquire, [](const Semaphore& semaphore) { semaphore.release(2); });
  const auto wait = [](const auto& x) { x.wait(); };
  expect_to_wake([] { return Event(); }, wait, [](const Event& event) { event.set(); });
  expect_to_wake([] { return Barrier(3); }, wait, wait);
  const auto wait_with_lock = [](const Condition& condition) {
    const std::lock_guard guard(condition);
    condition.wait();
  };
  expect_to_wake([] { return Condition(); }, wait_with_lock,
                 [](const Condition& condition) {
                   const std::lock_guard guard(condition);
                   condition.notify_all();
                 });
}

TEST_F(EventTest, WakesAllThatWait) {
  const Event event, go;
  expect_to_last(20ms, [&] { EXPECT_FALSE(event.wait(20ms)); });
  Pool pool(2u);
  std::vector<AsyncResult<bool>> waiting;
  for (int i = 0; i < 2; ++i)
    waiting.push_back(pool.apply_async(
        [](const Event& e, const Event& here) {
          here.set();
          return e.wait(std::chrono::seconds(100));
        },
        event, go));
  EXPECT_TRUE(go.wait(soon));
  std::atomic<int> woken = 0;
  std::thread setter([&] { event.set(); });
  in_threads(4, [&](int) { woken += event.wait(soon); });
  setter.join();
  EXPECT_EQ(woken, 4);
  for (const auto& result : waiting) EXPECT_TRUE(result.get(soon));
  event.clear();
  EXPECT_FALSE(event.is_set());
  EXPECT_FALSE(event.wait(0ms));
}

TEST_F(ConditionTest, NeedsItsLock) {
  const Condition condition;
  expect_misuse([&] { condition.wait(1ms); });
  expect_misuse([&] { condition.notify(); });
  condition.acquire();
  condition.acquire();
  expect_to_last(20ms, [&] { EXPECT_FALSE(condition.wait(20ms)); });
  expect_to_last(20ms, [&] { EXPECT_FALSE(condition.wait_for([] { return false; }, 20ms)); });
  condition.release();
  condition.release();
  expect_misuse([&] { condition.release(); });
}

TEST_F(ConditionTest, LetsGoOfALockThatIsHeldTwice) {
  const Condition condition;
  std::atomic<bool> is_held = false, is_told = false;
  std::thread waiter([&] {
    const std::lock_guard once(condition), twice(condition);
    is_held = true;
    EXPECT_TRUE(condition.wait_for([&] { return is_told.load(); }, soon));
  });
  EXPECT_TRUE(faults::holds_within(10s * faults::slow, [&] { return is_held.load(); }));
  if (condition.acquire(soon / 2)) {
    is_told = true;
    condition.notify();
    condition.release();
  }
  waiter.join();
  EXPECT_TRUE(is_told);
}

/// Takes `count` numbers that others put one by one into `box`.
long take(const Condition& full, const Condition& empty, const RawValue<long>& box, int count) {
  long sum = 0;
  for (int i = 0; i < count; ++i) {
    const std::lock_guard guard(full);
    if (!full.wait_for([&] { return box.value() != 0; }, soon)) return -1;
    sum += box.value();
    box.value() = 0;
    empty.notify();
  }
  return sum;
}

TEST_F(ConditionTest, EachNotificationWakesOne) {
  constexpr int count = 300;
  const Lock lock;
  const Condition full(lock), empty(lock);
  const RawValue<long> box;
  Pool pool(2u);
  std::vector<AsyncResult<long>> takers;
  for (int i = 0; i < 2; ++i) takers.push_back(pool.apply_async(take, full, empty, box, count));
  for (long i = 1; i <= 2 * count; ++i) {
    const std::lock_guard guard(empty);
    ASSERT_TRUE(empty.wait_for([&] { return box.value() == 0; }, soon));
    box.value() = i;
    full.notify();
  }
  EXPECT_EQ(takers[0].get(soon) + takers[1].get(soon), 1L * count * (2 * count + 1));
}

TEST_F(ConditionTest, NotifiesAsManyAsItSays) {
  const Condition condition;
  std::atomic<int> ready = 0, woken = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i)
    threads.emplace_back([&] {
      const std::lock_guard guard(condition);
      ++ready;
      if (condition.wait(soon)) ++woken;
    });
  EXPECT_TRUE(faults::holds_within(5s * faults::slow, [&] { return ready == 5; }));
  {
    const std::lock_guard guard(condition);
    condition.notify(2);
  }
  EXPECT_TRUE(faults::holds_within(5s * faults::slow, [&] { return woken == 2; }));
  {
    const std::lock_guard guard(condition);
    EXPECT_EQ(woken, 2);
    condition.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(woken, 5);
}

TEST_F(BarrierTest, LetsAllGoTogetherAgainAndAgain) {
  constexpr unsigned parties = 5;
  const Barrier barrier(parties);
  const RawValue<std::array<std::uint32_t, 50>> arrived;
  const auto walk = [](const Barrier& b, const RawValue<std::array<std::uint32_t, 50>>& counts) {
    unsigned sum = 0;
    for (std::uint32_t& count : counts.value()) {
      std::atomic_ref(count).fetch_add(1);
      sum += b.wait(soon);
      if (std::atomic_ref(count).load() != parties) throw std::logic_error("not all were there");
    }
    return sum;
  };
  Pool pool(2u);
  std::vector<AsyncResult<unsigned>> others;
  for (int i = 0; i < 2; ++i) others.push_back(pool.apply_async(walk, barrier, arrived));
  std::atomic<unsigned> sum = 0;
  in_threads(3, [&](int) { sum += walk(barrier, arrived); });
  for (const auto& other : others) sum += other.get(soon);
  EXPECT_EQ(sum, 50 * parties * (parties - 1) / 2);
  EXPECT_EQ(barrier.parties(), parties);
  EXPECT_EQ(barrier.n_waiting(), 0u);
}

TEST_F(BarrierTest, BreaksAndIsResetAsOne) {
  EXPECT_THROW(Barrier(0), Error);
  const Barrier barrier(2);
  const auto expect_broken = [&](Duration limit) { EXPECT_THROW(barrier.wait(limit), BrokenBarrier); };
  expect_to_last(20ms, [&] { expect_broken(20ms); });
  EXPECT_TRUE(barrier.broken());
  expect_broken(soon);
  barrier.reset();
  EXPECT_FALSE(barrier.broken());
  for (const bool is_abort : {false, true}) {
    std::thread waiting([&] { expect_broken(soon); });
    EXPECT_TRUE(faults::holds_within(5s * faults::slow, [&] { return barrier.n_waiting() == 1; }));
    is_abort ? barrier.abort() : barrier.reset();
    waiting.join();
    EXPECT_EQ(barrier.broken(), is_abort);
  }
}

TEST_F(ValueTest, IsOneForAll) {
  const Value<double> value(1.5);
  const Array<int> array({1, 2, 3});
  Pool pool(1u);
  pool.apply(
      [](const Value<double>& v, const Array<int>& a) {
        v.set(v.get() + 1);
        const std::lock_guard guard(a.get_lock());
        for (int& x : a) x *= 10;
      },
      value, array);
  EXPECT_EQ(value.get(), 2.5);
  EXPECT_EQ(std::vector<int>(array.begin(), array.end()), (std::vector{10, 20, 30}));
  EXPECT_EQ(Array<int>().size(), 0u);
}

TEST_F(LocksTest, GoToAProcessOfEachStartMethod) {
  for (const StartMethod method : {StartMethod::forkserver, StartMethod::spawn}) {
    const Lock lock;
    const Value<int> value(1);
    lock.acquire();
    Process process(
        {.start_method = method},
        [](const Lock& l, const Value<int>& v) {
          l.acquire();
          v.set(v.get() * 2);
          l.release();
        },
        lock, value);
    process.start();
    value.set(21);
    lock.release();
    ASSERT_TRUE(process.join(soon));
    process.check();
    EXPECT_EQ(value.get(), 42);
  }
}

}  // namespace
}  // namespace flynn::mp

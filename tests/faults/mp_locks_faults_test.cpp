// A13: processes that are killed while they have a lock. Whoever waits goes on within a second, one learns of it, and
// nothing is left.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <flynn/mp.hpp>
#include <tests/faults/leak_check.hpp>
#include <tests/seed.hpp>

namespace flynn::mp {
namespace {

using namespace std::chrono_literals;
using faults::slow;
using std::chrono::steady_clock;

constexpr Duration bound = 1s * slow;
constexpr int rounds = 3;

/// The memory of a lock that a thread kept must stay.
class LockFaultTest : public faults::LeakTest {
 protected:
  LockFaultTest() : LeakTest(StartMethod::forkserver, 1) {}
};

/// A process that runs function(arguments..., event), which sets the event where it shall be killed, and pauses.
template <class F, class... A>
void kill_at_mark(F function, const A&... arguments) {
  const Event mark;
  Process process(ProcessOptions{.daemon = true}, function, arguments..., mark);
  process.start();
  ASSERT_TRUE(mark.wait(10s * slow));
  process.kill();
  ASSERT_TRUE(process.join(10s * slow));
  ASSERT_EQ(process.exitcode(), -SIGKILL);
}

[[noreturn]] void die_here(const Event& mark) {
  mark.set();
  for (;;) pause();
}

template <class L>
void hold(const L& lock, Event mark) {
  lock.acquire();
  die_here(mark);
}
void hold_twice(const RLock& lock, Event mark) {
  lock.acquire();
  hold(lock, mark);
}

enum class Outcome { none, acquired, told };

template <class L>
Outcome attempt(const L& lock) {
  try {
    if (!lock.acquire(bound)) return Outcome::none;
    lock.release();
    return Outcome::acquired;
  } catch (const OwnerDead&) {
    return Outcome::told;
  }
}

/// Threads and processes wait for what is held by one that is killed meanwhile.
template <class L, class F>
void expect_told_once(F holder) {
  for (int round = 0; round < rounds; ++round) {
    const L lock;
    const Event mark;
    Process process(ProcessOptions{.daemon = true}, holder, lock, mark);
    process.start();
    ASSERT_TRUE(mark.wait(10s * slow));
    Pool pool(2u);
    std::vector<AsyncResult<Outcome>> others;
    for (int i = 0; i < 2; ++i) others.push_back(pool.apply_async(attempt<L>, lock));
    std::vector<Outcome> outcomes(2);
    std::vector<std::thread> threads;
    for (Outcome& outcome : outcomes) threads.emplace_back([&] { outcome = attempt(lock); });
    const auto begin = steady_clock::now();
    process.kill();
    for (std::thread& thread : threads) thread.join();
    for (const auto& other : others) outcomes.push_back(other.get(10s * slow));
    EXPECT_LT(steady_clock::now() - begin, bound);
    EXPECT_EQ(std::ranges::count(outcomes, Outcome::told), 1);
    EXPECT_EQ(std::ranges::count(outcomes, Outcome::acquired), 3);
  }
}

TEST_F(LockFaultTest, A13_ADeadOwnerOfALockIsToldOnce) { expect_told_once<Lock>(hold<Lock>); }
TEST_F(LockFaultTest, A13_ADeadOwnerOfAnRLockIsToldOnce) { expect_told_once<RLock>(hold_twice); }
TEST_F(LockFaultTest, A13_ADeadOwnerOfAConditionIsToldOnce) { expect_told_once<Condition>(hold<Condition>); }

TEST_F(LockFaultTest, A13_AThreadThatReturnsWithALockLosesIt) {
  const Lock lock;
  std::thread([lock] { lock.acquire(); }).join();
  EXPECT_EQ(attempt(lock), Outcome::told);
  EXPECT_EQ(attempt(lock), Outcome::acquired);
}

TEST_F(LockFaultTest, A13_WhoCanRepairHasTheLockMeanwhile) {
  const Value<int> value(7);
  kill_at_mark(
      [](const Value<int>& v, Event mark) {
        v.get_lock().acquire();
        v.value() = -1;
        die_here(mark);
      },
      value);
  EXPECT_THROW((void)value.get_lock().acquire(bound, [] { throw 42; }), int);
  EXPECT_FALSE(value.get_lock().locked());
  kill_at_mark(hold<RLock>, value.get_lock());
  EXPECT_TRUE(value.get_lock().acquire(bound, [&] {
    EXPECT_FALSE(std::async(std::launch::async, [&] { return value.get_lock().try_lock(); }).get());
    value.value() = 7;
  }));
  value.get_lock().release();
  EXPECT_EQ(value.get(), 7);
}

TEST_F(LockFaultTest, A13_PermitsOfTheDeadComeBack) {
  for (int round = 0; round < rounds; ++round) {
    const BoundedSemaphore semaphore(2);
    const auto hold_both = [](const BoundedSemaphore& s, Event mark) {
      s.acquire();
      s.acquire();
      die_here(mark);
    };
    kill_at_mark(hold_both, semaphore);
    EXPECT_TRUE(semaphore.try_lock());
    EXPECT_TRUE(semaphore.acquire(bound));
    EXPECT_FALSE(semaphore.try_lock());
    semaphore.release(2);
    EXPECT_THROW(semaphore.release(), Error);
    // And for one that waits already.
    const Event mark;
    Process process(ProcessOptions{.daemon = true}, hold_both, semaphore, mark);
    process.start();
    ASSERT_TRUE(mark.wait(10s * slow));
    std::thread waiting([&] { EXPECT_TRUE(semaphore.acquire(10s * slow)); });
    const auto begin = steady_clock::now();
    process.kill();
    waiting.join();
    EXPECT_LT(steady_clock::now() - begin, bound);
    EXPECT_EQ(semaphore.get_value(), 1u);
  }
}

TEST_F(LockFaultTest, A13_PermitsThatWereAddedStay) {
  const Semaphore semaphore(1);
  semaphore.release();
  const auto hold_one = [](const Semaphore& s, Event mark) {
    s.acquire();
    die_here(mark);
  };
  kill_at_mark(hold_one, semaphore);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(semaphore.acquire(bound)) << i;
  EXPECT_FALSE(semaphore.try_lock());
}

TEST_F(LockFaultTest, A13_ADeadWaiterTakesNoNotification) {
  const Condition condition;
  const RawValue<std::uint32_t> waiting;
  const auto wait = [](const Condition& c, const RawValue<std::uint32_t>& count) {
    const std::lock_guard guard(c);
    ++count.value();
    return c.wait(Duration(10s * slow));
  };
  const auto waits = [&](unsigned count) {
    return faults::holds_within(10s * slow, [&] {
      const std::lock_guard guard(condition);
      return waiting.value() == count;
    });
  };
  Process first(ProcessOptions{.daemon = true}, wait, condition, waiting);
  first.start();
  ASSERT_TRUE(waits(1));
  std::atomic<bool> was_woken = false;
  std::thread second([&] { was_woken = wait(condition, waiting); });
  ASSERT_TRUE(waits(2));
  kill(first.pid(), SIGSTOP);  // so it is notified and cannot look
  ASSERT_TRUE(faults::holds_within(10s * slow, [&] { return faults::state_of(first.pid()) == 'T'; }));
  {
    const std::lock_guard guard(condition);
    condition.notify();
  }
  const auto begin = steady_clock::now();
  first.kill();
  second.join();
  EXPECT_TRUE(was_woken);
  EXPECT_LT(steady_clock::now() - begin, bound);
}

/// A party is killed: while it waits, or before it comes.
void expect_broken_by(void (*party)(Barrier, Event)) {
  for (int round = 0; round < rounds; ++round) {
    const Barrier barrier(3);
    const Event mark;
    Process process(ProcessOptions{.daemon = true}, party, barrier, mark);
    process.start();
    ASSERT_TRUE(mark.wait(10s * slow));
    std::atomic<bool> was_told = false;
    std::thread waiting([&] {
      try {
        barrier.wait(10s * slow);
      } catch (const BrokenBarrier& broken) {
        was_told = broken.code() == Code::worker_died;
      }
    });
    EXPECT_TRUE(faults::holds_within(10s * slow, [&] { return barrier.n_waiting() > 0; }));
    const auto begin = steady_clock::now();
    process.kill();
    waiting.join();
    EXPECT_LT(steady_clock::now() - begin, bound);
    EXPECT_TRUE(was_told);
    EXPECT_TRUE(barrier.broken());
    EXPECT_THROW(barrier.wait(bound), BrokenBarrier);
    process.join();
    barrier.reset();
    std::thread other([&] { barrier.wait(10s * slow); }), another([&] { barrier.wait(10s * slow); });
    barrier.wait(10s * slow);
    other.join();
    another.join();
  }
}

TEST_F(LockFaultTest, A13_ABarrierBreaksWithAPartyThatWaits) {
  expect_broken_by([](Barrier barrier, Event mark) {
    mark.set();
    barrier.wait();
  });
}

TEST_F(LockFaultTest, A13_ABarrierBreaksWithAPartyThatHasNotCome) {
  expect_broken_by([](Barrier, Event mark) { die_here(mark); });
}

TEST_F(LockFaultTest, A13_AllLocksWorkAfterKillsAtAnyTime) {
  const Lock lock;
  const Semaphore semaphore(2);
  const Condition condition;
  const auto use_all = [](const Lock& l, const Semaphore& s, const Condition& c) {
    for (;;) try {
        const std::lock_guard first(l);
        const std::lock_guard second(s);
        const std::lock_guard third(c);
        c.notify_all();
        c.wait(Duration(10us));
      } catch (const OwnerDead&) {
      }
  };
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 40; ++round) {
    Process one(ProcessOptions{.daemon = true}, use_all, lock, semaphore, condition);
    Process two(ProcessOptions{.daemon = true}, use_all, lock, semaphore, condition);
    one.start();
    two.start();
    const auto until = steady_clock::now() + std::chrono::microseconds(1000 + random() % 7000);
    while (steady_clock::now() < until) std::this_thread::yield();
    one.kill();
    two.kill();
    one.join();
    two.join();
    EXPECT_NE(attempt(lock), Outcome::none);
    EXPECT_NE(attempt(condition), Outcome::none);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(semaphore.acquire(bound));
    EXPECT_EQ(semaphore.get_value(), 0u);
    semaphore.release(2);
  }
}

}  // namespace
}  // namespace flynn::mp

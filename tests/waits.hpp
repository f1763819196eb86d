#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <tests/faults/processes.hpp>

/// A call with a time limit takes that long, and not much longer.
template <class Call>
void expect_to_last(std::chrono::milliseconds limit, const Call& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  const auto lasted = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(lasted, limit);
  EXPECT_LT(lasted, limit + std::chrono::seconds(flynn::faults::slow));
}

/// Two threads sleep in wait(x), with an x that make() made, until wake(x). They are woken then: who is not finds out
/// by itself too, but only when it looks for the dead, 50 ms after it began. Most of nine rounds must be faster than
/// half of that, since something else may be at work.
template <class Make, class Wait, class Wake>
void expect_to_wake(const Make& make, const Wait& wait, const Wake& wake) {
  constexpr std::size_t rounds = 9;
  std::array<std::chrono::steady_clock::duration, rounds> late;
  for (auto& last : late) {
    const auto x = make();
    std::array<std::atomic<pid_t>, 2> sleepers = {};
    std::array<std::chrono::steady_clock::time_point, 2> woken;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < 2; ++i)
      threads.emplace_back([&, i] {
        sleepers[i] = gettid();
        wait(x);
        woken[i] = std::chrono::steady_clock::now();
      });
    for (const auto& id : sleepers)
      EXPECT_TRUE(flynn::faults::holds_within(std::chrono::seconds(5),
                                              [&] { return id != 0 && flynn::faults::state_of(id) == 'S'; }));
    const auto begin = std::chrono::steady_clock::now();
    wake(x);
    for (std::thread& thread : threads) thread.join();
    last = *std::ranges::max_element(woken) - begin;
  }
  std::ranges::sort(late);
  EXPECT_LT(late[rounds / 2], std::chrono::milliseconds(25));
}

#pragma once
#include <gtest/gtest.h>

#include <chrono>

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

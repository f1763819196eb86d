#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include <flynn/mp/init.hpp>

#include "seed.hpp"

std::uint64_t test_seed() {
  static const std::uint64_t seed = [] {
    const char* text = std::getenv("FLYNN_TEST_SEED");
    return text && *text ? std::strtoull(text, nullptr, 0) : 1;
  }();
  return seed;
}

int main(int argc, char** argv) {
  flynn::mp::init(argc, argv);
  setenv("POCL_CACHE_DIR", FLYNN_TEST_POCL_CACHE, 0);  // in the build, not in the home of who tests
  // A calibration of who tests would change what auto chooses. A folder that is not there is none.
  setenv("XDG_CACHE_HOME", FLYNN_TEST_POCL_CACHE "/none", 1);
  testing::InitGoogleTest(&argc, argv);
  if (!testing::GTEST_FLAG(list_tests)) std::printf("seed %ju (FLYNN_TEST_SEED)\n", std::uintmax_t{test_seed()});
  return RUN_ALL_TESTS();
}

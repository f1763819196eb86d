#pragma once
#include <cstdint>

/// What every random input of the tests starts from: FLYNN_TEST_SEED, or else 1. The test program prints it.
std::uint64_t test_seed();

#include <gtest/gtest.h>

#include <tests/samples/random.hpp>

namespace flynn::samples {
namespace {

// The known answers that come with Random123 (Salmon et al.) for philox4x32 with 10 rounds.
TEST(Philox, GivesThePublishedAnswers) {
  using Block = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, StaysInItsRange) {
  const Random random(7);
  double sum = 0;
  for (std::size_t i = 0; i < 10'000; ++i) {
    const float f = random.uniform<float>(i);
    const double d = random.uniform<double>(i);
    ASSERT_TRUE(f >= 0 && f < 1 && d >= 0 && d < 1);
    const std::uint64_t n = random.between(i, 20'000, 100'000'000);
    ASSERT_TRUE(n >= 20'000 && n <= 100'000'000);
    sum += d;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 4 * 0.2887 / 100);  // four standard deviations of the mean
}

}  // namespace
}  // namespace flynn::samples

#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace flynn::samples {

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011): ten rounds of a
/// bijection of the counter. Element i is the same whoever asks for it, in which order whatsoever.
inline std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0], b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {std::uint32_t(b >> 32) ^ counter[1] ^ key[0], std::uint32_t(b),
               std::uint32_t(a >> 32) ^ counter[3] ^ key[1], std::uint32_t(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// A stream of numbers: the i-th of it, without those before.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint32_t stream = 0)
      : key_{std::uint32_t(seed), std::uint32_t(seed >> 32)}, stream_(stream) {}

  std::uint64_t bits(std::size_t i) const {
    const auto block = philox4x32({std::uint32_t(i / 2), std::uint32_t(std::uint64_t(i / 2) >> 32), stream_, 0}, key_);
    return std::uint64_t(block[2 * (i % 2) + 1]) << 32 | block[2 * (i % 2)];
  }
  /// In [0, 1): f32 from 24 bits, f64 from 53.
  template <class T>
  T uniform(std::size_t i) const {
    if constexpr (sizeof(T) == 4)
      return T(bits(i) >> 40) * T(0x1p-24);
    else
      return T(bits(i) >> 11) * T(0x1p-53);
  }
  /// In [low, high], which must not be the whole range of 64 bits. The bias is below (high - low) / 2^64.
  std::uint64_t between(std::size_t i, std::uint64_t low, std::uint64_t high) const {
    return low + std::uint64_t((unsigned __int128)(bits(i)) * (high - low + 1) >> 64);
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint32_t stream_;
};

}  // namespace flynn::samples

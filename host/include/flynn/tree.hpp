#pragma once
// The reduction tree. It is part of what sum, dot and norm2 mean: every backend adds in this order, so every backend
// gives the same bits, however many lanes, threads or work-items it has.
//
//   * The input is cut into blocks of 1024.
//   * A block has 32 lanes. Lane j starts at -0.0, the identity of addition, and adds elements j, j + 32, j + 64, ...
//   * The lanes are combined by halves: lane j with lane j + 16, then 8, 4, 2, 1.
//   * Block results are combined as a binary tree over their indices, split at the largest power of two below their
//   count.
//   * Nothing at all gives +0.0.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <flynn/status.hpp>

namespace flynn {

inline constexpr std::size_t tree_block = 1024;
inline constexpr std::size_t tree_lanes = 32;

/// What a sum of T is made in: T itself for floats, 64 bits for integers.
template <class T>
using SumOf = std::conditional_t<std::is_floating_point_v<T>, T,
                                 std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;

/// Addition; that of signed integers wraps.
template <class T>
FLYNN_ALWAYS_INLINE constexpr T wrapping_add(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) + static_cast<std::make_unsigned_t<T>>(b));
  else
    return a + b;
}

/// Combines block results as they come, like the carries of a binary counter: O(log n) memory, amortised O(1) a block.
template <class T>
class TreeCounter {
 public:
  FLYNN_ALWAYS_INLINE TreeCounter() {}
  /// The result of the next block, or of the next 2^level ones when the count so far is a multiple of that.
  FLYNN_ALWAYS_INLINE void push(T value, std::size_t level = 0) {
    const std::size_t count = count_ + (std::size_t{1} << level);
    for (std::size_t carry = count_ >> level; carry & 1; carry >>= 1) value = wrapping_add(partial_[level++], value);
    partial_[level] = value;
    count_ = count;
  }
  FLYNN_ALWAYS_INLINE T result() const {
    if (count_ == 0) return T(0);
    std::size_t level = 0;
    while (!(count_ >> level & 1)) ++level;
    T value = partial_[level];
    for (++level; level < 64 && count_ >> level; ++level)
      if (count_ >> level & 1) value = wrapping_add(partial_[level], value);
    return value;
  }

 private:
  T partial_[64];
  std::size_t count_ = 0;
};

/// The tree over results of parts that hold 2^k blocks each, the last one at most that many.
template <class T>
T tree_merge(const T* results, std::size_t n) {
  TreeCounter<T> counter;
  for (std::size_t i = 0; i < n; ++i) counter.push(results[i]);
  return counter.result();
}

}  // namespace flynn

#pragma once
// The order of min, max, argmin and argmax: IEEE 754-2019 minimum and maximum. It is an order of integer keys, and that
// is how every backend compares: exact, without branches, the same everywhere.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <flynn/status.hpp>

namespace flynn {

/// A value and where it stands in the input.
template <class T>
struct Indexed {
  T value;
  std::uint64_t index;
};

/// The integer that orders T; T itself for integers.
template <class T>
using KeyOf = std::conditional_t<std::is_same_v<T, float>, std::int32_t,
                                 std::conditional_t<std::is_same_v<T, double>, std::int64_t, T>>;

/// A key below (`min`) or above all others, which NaN takes so that it wins.
template <class T, bool find_min>
inline constexpr KeyOf<T> winning_key = find_min ? std::numeric_limits<KeyOf<T>>::min()
                                                 : std::numeric_limits<KeyOf<T>>::max();

/// The bits of a float but its sign.
template <class T>
inline constexpr KeyOf<T> key_magnitude = std::numeric_limits<KeyOf<T>>::max();

/// Bits of a float as a signed integer in the order ... < -0 < +0 < ...; NaN wins.
template <bool find_min, class T>
FLYNN_ALWAYS_INLINE constexpr KeyOf<T> key_of(T x) {
  if constexpr (std::is_integral_v<T>) {
    return x;
  } else {
    const auto bits = __builtin_bit_cast(KeyOf<T>, x);
    const KeyOf<T> flipped = bits ^ ((bits >> (8 * sizeof(T) - 1)) & key_magnitude<T>);
    return x == x ? flipped : winning_key<T, find_min>;
  }
}

/// The value that a key stands for; a NaN comes back as the default quiet NaN.
template <bool find_min, class T>
FLYNN_ALWAYS_INLINE constexpr T value_of_key(KeyOf<T> key) {
  if constexpr (std::is_integral_v<T>) {
    return key;
  } else {
    constexpr T nan = std::numeric_limits<T>::quiet_NaN();
    if (key == winning_key<T, find_min>) return nan;
    return __builtin_bit_cast(T, KeyOf<T>(key ^ ((key >> (8 * sizeof(T) - 1)) & key_magnitude<T>)));
  }
}

/// Whether key a goes before key b.
template <bool find_min, class K>
FLYNN_ALWAYS_INLINE constexpr bool key_wins(K a, K b) {
  return find_min ? a < b : a > b;
}

namespace detail {
template <bool find_min, class T>
T merge_extremum(const T* slots, std::size_t n) {
  auto key = [](const T& slot) {
    if constexpr (requires { slot.index; })
      return key_of<find_min>(slot.value);
    else
      return key_of<find_min>(slot);
  };
  T best = slots[0];
  for (std::size_t i = 1; i < n; ++i)
    if (key_wins<find_min>(key(slots[i]), key(best))) best = slots[i];
  return best;
}
}  // namespace detail

/// The smallest or largest of the results of parts, which lie in the order of the input; the first of equal ones.
template <class T>
T merge_min(const T* slots, std::size_t n) {
  return detail::merge_extremum<true>(slots, n);
}
template <class T>
T merge_max(const T* slots, std::size_t n) {
  return detail::merge_extremum<false>(slots, n);
}

}  // namespace flynn

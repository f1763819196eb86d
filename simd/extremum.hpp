#pragma once
#include <xsimd/xsimd.hpp>

#include <flynn/execution.hpp>
#include <flynn/extremum.hpp>
#include <flynn/view.hpp>

namespace flynn::simd {
namespace detail {

/// key_of of extremum.hpp, for the lanes of a vector.
template <bool find_min, class Arch, class T>
FLYNN_ALWAYS_INLINE xsimd::batch<KeyOf<T>, Arch> keys_of(const xsimd::batch<T, Arch>& x) {
  if constexpr (std::is_integral_v<T>) {
    return x;
  } else {
    using K = KeyOf<T>;
    using Keys = xsimd::batch<K, Arch>;
    using V = xsimd::batch<T, Arch>;
    const Keys bits = xsimd::bitwise_cast<Keys>(x);
    const Keys flipped = bits ^ ((bits >> int(8 * sizeof(T) - 1)) & Keys(key_magnitude<T>));
    // On the type of floats, because xsimd 8.1 cannot compile select of integers for AVX-512 without optimisation.
    constexpr T winning = __builtin_bit_cast(T, winning_key<T, find_min>);
    return xsimd::bitwise_cast<Keys>(xsimd::select(x == x, xsimd::bitwise_cast<V>(flipped), V(winning)));
  }
}

template <bool find_min, class V>
FLYNN_ALWAYS_INLINE V winner(const V& a, const V& b) {
  if constexpr (find_min)
    return xsimd::min(a, b);
  else
    return xsimd::max(a, b);
}

/// The winning key of x[0] ... x[n - 1], n > 0.
template <class Arch, bool find_min, class T>
KeyOf<T> best_key(const T* x, std::size_t n) {
  using K = KeyOf<T>;
  using V = xsimd::batch<T, Arch>;
  using Keys = xsimd::batch<K, Arch>;
  K best = key_of<find_min>(x[0]);
  Keys bests[4] = {Keys(best), Keys(best), Keys(best), Keys(best)};
  std::size_t i = 0;
  for (; i + 4 * V::size <= n; i += 4 * V::size)
    for (std::size_t j = 0; j < 4; ++j)
      bests[j] = winner<find_min>(bests[j], keys_of<find_min, Arch>(V::load_unaligned(x + i + j * V::size)));
  const Keys all = winner<find_min>(winner<find_min>(bests[0], bests[1]), winner<find_min>(bests[2], bests[3]));
  alignas(Keys) K lane[Keys::size];
  all.store_aligned(lane);
  for (K key : lane)
    if (key_wins<find_min>(key, best)) best = key;
  for (; i < n; ++i)
    if (const K key = key_of<find_min>(x[i]); key_wins<find_min>(key, best)) best = key;
  return best;
}

}  // namespace detail

/// The smallest or largest element of a non-empty x.
template <class Arch, bool find_min, class T>
Status extremum(const View<const T>& x, const Execution& execution, T& found) {
  KeyOf<T> best = key_of<find_min>(x[0]);
  const Status status = in_chunks(x.size(), execution, [&](std::size_t begin, std::size_t end) {
    const KeyOf<T> key = detail::best_key<Arch, find_min>(x.data + begin, end - begin);
    if (key_wins<find_min>(key, best)) best = key;
  });
  found = value_of_key<find_min, T>(best);
  return status;
}

/// The same with the index of the first of its kind: chunk by chunk, then a search in the chunk that won.
template <class Arch, bool find_min, class T>
Status first_extremum(const View<const T>& x, const Execution& execution, Indexed<T>& found) {
  constexpr std::size_t chunk = 4096;  // 16 KiB of f32: the search reads from L1
  std::size_t best_begin = 0;
  KeyOf<T> best = key_of<find_min>(x[0]);
  const Status status = in_chunks(x.size(), execution, [&](std::size_t outer, std::size_t end) {
    for (std::size_t begin = outer; begin < end; begin += chunk) {
      const KeyOf<T> key = detail::best_key<Arch, find_min>(x.data + begin, end - begin < chunk ? end - begin : chunk);
      if (!key_wins<find_min>(key, best)) continue;
      best = key;
      best_begin = begin;
    }
  });
  if (!status.ok()) return status;  // what was found so far need not be in x
  std::size_t i = best_begin;
  while (key_of<find_min>(x[i]) != best) ++i;
  found = {value_of_key<find_min, T>(best), i};
  return {};
}

}  // namespace flynn::simd

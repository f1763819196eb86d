#pragma once
#include <xsimd/xsimd.hpp>

#include <flynn/execution.hpp>
#include <flynn/extremum.hpp>
#include <flynn/view.hpp>
#include <simd/halve.hpp>
#include <simd/read.hpp>
#include <simd/unordered.hpp>

namespace flynn::simd {
namespace detail {

template <bool find_min, class V>
FLYNN_ALWAYS_INLINE V winner(const V& a, const V& b) {
  if constexpr (find_min)
    return xsimd::min(a, b);
  else
    return xsimd::max(a, b);
}

/// The winner among the lanes.
template <bool find_min, class Arch, class T, std::size_t w = xsimd::batch<T, Arch>::size / 2>
FLYNN_ALWAYS_INLINE T winning_lane(const xsimd::batch<T, Arch>& v) {
  using V = xsimd::batch<T, Arch>;
  if constexpr (w == 0)
    return first_lane<Arch, T>(v);
  else
    return winning_lane<find_min, Arch, T, w / 2>(
        winner<find_min>(v, places_on<w>(v, std::make_index_sequence<V::size>{})));
}

/// The winning key of n integers, n > 0.
template <class Arch, bool find_min, bool from_memory, class T>
requires std::is_integral_v<T> T best_key(const T* x, std::size_t n) {
  using V = xsimd::batch<T, Arch>;
  V best[4] = {V(x[0]), V(x[0]), V(x[0]), V(x[0])};
  std::size_t i = read_vectors<Arch, from_memory>(x, n, [&](const V& a, const V& b, const V& c, const V& d) {
    best[0] = winner<find_min>(best[0], a), best[1] = winner<find_min>(best[1], b);
    best[2] = winner<find_min>(best[2], c), best[3] = winner<find_min>(best[3], d);
  });
  T key = winning_lane<find_min, Arch, T>(
      winner<find_min>(winner<find_min>(best[0], best[1]), winner<find_min>(best[2], best[3])));
  for (; i < n; ++i)
    if (key_wins<find_min>(x[i], key)) key = x[i];
  return key;
}

/// Whether the zero that wins is among n floats, four vectors or a multiple, none of which wins against zero: whether
/// any has a sign, or not all have.
template <class Arch, bool find_min, class T>
bool has_winning_zero(const T* x, std::size_t n) {
  using V = xsimd::batch<T, Arch>;
  using Keys = xsimd::batch<KeyOf<T>, Arch>;
  auto both = [](const V& a, const V& b) {
    if constexpr (find_min)
      return a | b;
    else
      return a & b;
  };
  V signs(find_min ? T(0.0) : T(-0.0));  // in the sign of each lane
  read_vectors<Arch, false>(
      x, n, [&](const V& a, const V& b, const V& c, const V& d) { signs = both(signs, both(both(a, b), both(c, d))); });
  const auto negative = xsimd::bitwise_cast<Keys>(signs) < Keys(KeyOf<T>(0));
  return find_min ? xsimd::any(negative) : !xsimd::all(negative);
}

/// The winning key of n floats, n > 0, or any that does not win against `rival`. The instructions of the CPU know
/// nothing of NaN that wins and of the sign of zero. After a NaN was read the best of its lane is that NaN until the
/// next read, or for ever: NaN are looked for there, two vectors in one instruction, and the sign only where a zero has
/// won. Two instructions a vector; making keys of all takes six.
template <class Arch, bool find_min, bool from_memory, class T>
requires std::is_floating_point_v<T> KeyOf<T> best_key(const T* x, std::size_t n, KeyOf<T> rival) {
  using V = xsimd::batch<T, Arch>;
  V best[4] = {V(x[0]), V(x[0]), V(x[0]), V(x[0])};
  auto has_nan = unordered(best[0], best[1]);
  std::size_t i = read_vectors<Arch, from_memory>(x, n, [&](const V& a, const V& b, const V& c, const V& d) {
    best[0] = winner<find_min>(best[0], a), best[1] = winner<find_min>(best[1], b);
    best[2] = winner<find_min>(best[2], c), best[3] = winner<find_min>(best[3], d);
    has_nan = has_nan | (unordered(best[0], best[1]) | unordered(best[2], best[3]));
  });
  if (xsimd::any(has_nan)) return winning_key<T, find_min>;
  KeyOf<T> key = key_of<find_min>(winning_lane<find_min, Arch, T>(
      winner<find_min>(winner<find_min>(best[0], best[1]), winner<find_min>(best[2], best[3]))));
  for (std::size_t j = i; j < n; ++j)
    if (const KeyOf<T> k = key_of<find_min>(x[j]); key_wins<find_min>(k, key)) key = k;
  constexpr KeyOf<T> zero = find_min ? -1 : 0, other_zero = find_min ? 0 : -1;
  if (key == other_zero && key_wins<find_min>(zero, rival) && has_winning_zero<Arch, find_min>(x, i)) key = zero;
  return key;
}

/// Where the first element with this key is. There is one.
template <class Arch, bool find_min, class T>
std::size_t find_key(const T* x, std::size_t n, KeyOf<T> key) {
  using V = xsimd::batch<T, Arch>;
  using Keys = xsimd::batch<KeyOf<T>, Arch>;
  std::size_t i = 0;
  if (key != winning_key<T, find_min>) {  // NaN have many bits
    const Keys wanted(__builtin_bit_cast(KeyOf<T>, value_of_key<find_min, T>(key)));
    while (i + V::size <= n && !xsimd::any(xsimd::bitwise_cast<Keys>(V::load_unaligned(x + i)) == wanted)) i += V::size;
  }
  while (key_of<find_min>(x[i]) != key) ++i;
  return i;
}

/// Calls f(begin, key) with the winning key, or one that is no better than the best so far, of chunks that fit L1.
template <class Arch, bool find_min, class T, class F>
FLYNN_ALWAYS_INLINE Status each_chunk(const View<const T>& x, const Execution& execution, const KeyOf<T>& best, F f) {
  constexpr std::size_t chunk = 16384 / sizeof(T);
  const bool in_turn = reads_in_turn(execution);
  return in_chunks(x.size(), execution, [&](std::size_t outer, std::size_t end) {
    for (std::size_t begin = outer; begin < end; begin += chunk) {
      const std::size_t n = end - begin < chunk ? end - begin : chunk;
      KeyOf<T> key;
      if constexpr (std::is_integral_v<T>)
        key = in_turn ? best_key<Arch, find_min, true>(x.data + begin, n)
                      : best_key<Arch, find_min, false>(x.data + begin, n);
      else
        key = in_turn ? best_key<Arch, find_min, true>(x.data + begin, n, best)
                      : best_key<Arch, find_min, false>(x.data + begin, n, best);
      f(begin, key);
    }
  });
}

}  // namespace detail

/// The smallest or largest element of a non-empty x.
template <class Arch, bool find_min, class T>
Status extremum(const View<const T>& x, const Execution& execution, T& found) {
  KeyOf<T> best = key_of<find_min>(x[0]);
  const Status status = detail::each_chunk<Arch, find_min>(x, execution, best, [&](std::size_t, KeyOf<T> key) {
    if (key_wins<find_min>(key, best)) best = key;
  });
  found = value_of_key<find_min, T>(best);
  return status;
}

/// The same with the index of the first of its kind: chunk by chunk, then a search in the chunk that won.
template <class Arch, bool find_min, class T>
Status first_extremum(const View<const T>& x, const Execution& execution, Indexed<T>& found) {
  std::size_t best_begin = 0;
  KeyOf<T> best = key_of<find_min>(x[0]);
  const Status status = detail::each_chunk<Arch, find_min>(x, execution, best, [&](std::size_t begin, KeyOf<T> key) {
    if (!key_wins<find_min>(key, best)) return;
    best = key;
    best_begin = begin;
  });
  if (!status.ok()) return status;  // what was found so far need not be in x
  const std::size_t i = best_begin + detail::find_key<Arch, find_min>(x.data + best_begin, x.size() - best_begin, best);
  found = {value_of_key<find_min, T>(best), i};
  return {};
}

}  // namespace flynn::simd

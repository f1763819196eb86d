#pragma once
#include <cstddef>
#include <utility>
#include <xsimd/xsimd.hpp>

#include <flynn/status.hpp>

namespace flynn::simd {

// Lanes that are added up by halves, lane j with lane j + W / 2 and so on, within vectors. Of many vectors two are
// halved at a time, into one: halves of 128 bits and more are put side by side, smaller ones within 128 bits, which
// takes one instruction each everywhere. Transposing them and adding would take twice as many.

template <class V>
struct ElementsOf {
  typedef typename V::value_type type [[gnu::vector_size(sizeof(V))]];
};

/// Elements of a and b, which are counted on: element W is the first of b.
template <class V, std::size_t... i>
FLYNN_ALWAYS_INLINE V shuffle(const V& a, const V& b, std::index_sequence<i...>) {
  using Elements = typename ElementsOf<V>::type;
  return V(__builtin_bit_cast(
      typename V::register_type,
      __builtin_shufflevector(__builtin_bit_cast(Elements, a.data), __builtin_bit_cast(Elements, b.data), i...)));
}

/// The elements of v from place w on, and then those before.
template <std::size_t w, class V, std::size_t... i>
FLYNN_ALWAYS_INLINE V places_on(const V& v, std::index_sequence<i...>) {
  return shuffle(v, v, std::index_sequence<(i + w) % V::size...>{});
}

template <class Arch, class T>
FLYNN_ALWAYS_INLINE T first_lane(const xsimd::batch<T, Arch>& v) {
  alignas(sizeof v) T lanes[xsimd::batch<T, Arch>::size];
  v.store_aligned(lanes);
  return lanes[0];
}

/// The lanes of a vector, added up by halves.
template <class Arch, class T, std::size_t w = xsimd::batch<T, Arch>::size / 2>
FLYNN_ALWAYS_INLINE T halve(const xsimd::batch<T, Arch>& v) {
  using V = xsimd::batch<T, Arch>;
  if constexpr (w == 0)
    return first_lane<Arch, T>(v);
  else
    return halve<Arch, T, w / 2>(v + places_on<w>(v, std::make_index_sequence<V::size>{}));
}

/// The element of x and y, which are counted on, that becomes element i when both are halved to groups of w lanes; the
/// one w places on is added to it.
template <class V, std::size_t w>
constexpr std::size_t halving_source(std::size_t i) {
  constexpr std::size_t in_128 = 16 / sizeof(typename V::value_type);
  if (w >= in_128) return i / w * 2 * w + i % w;
  const std::size_t place = i % in_128, of_y = place / (in_128 / 2), rest = place % (in_128 / 2);
  return of_y * V::size + i / in_128 * in_128 + rest / w * 2 * w + rest % w;
}

template <std::size_t w, class V, std::size_t... i>
FLYNN_ALWAYS_INLINE V halve_two(const V& x, const V& y, std::index_sequence<i...>) {
  return shuffle(x, y, std::index_sequence<halving_source<V, w>(i)...>{}) +
         shuffle(x, y, std::index_sequence<(halving_source<V, w>(i) + w)...>{});
}

/// Which of W rows gives lane i of halve_rows().
template <class V>
constexpr std::size_t row_of_lane(std::size_t i) {
  constexpr std::size_t in_128 = 16 / sizeof(typename V::value_type);
  return i % in_128 * (V::size / in_128) + i / in_128;
}

/// What W rows of W lanes add up to, each on its own; `row` is used up.
template <class V, std::size_t W, std::size_t w = W / 2>
FLYNN_ALWAYS_INLINE V halve_rows(V (&row)[W]) {
  static_assert(W == V::size);
#pragma GCC unroll 16
  for (std::size_t i = 0; i < w; ++i) row[i] = halve_two<w>(row[2 * i], row[2 * i + 1], std::make_index_sequence<W>{});
  if constexpr (w > 1)
    return halve_rows<V, W, w / 2>(row);
  else
    return row[0];
}

}  // namespace flynn::simd

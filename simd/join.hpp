#pragma once
#include <cstddef>
#include <type_traits>
#include <utility>
#include <xsimd/xsimd.hpp>

#include <simd/halve.hpp>

namespace flynn::simd {

// The steps of a scan within a vector: for h = 1, 2, 4 ... the elements whose place has the bit h add the last of the h
// elements before. AVX-512 adds under a mask; others add the identity where nothing is to be added.

template <class V, std::size_t... i>
FLYNN_ALWAYS_INLINE V last_everywhere(const V& v, std::index_sequence<i...>) {
  return shuffle(v, v, std::index_sequence<(V::size - 1 + 0 * i)...>{});
}

/// Where the place has the bit h, the last of the h elements before; elsewhere the identity.
template <std::size_t h, class V, std::size_t... i>
FLYNN_ALWAYS_INLINE V last_of_left_half(const V& v, const V& identity, std::index_sequence<i...>) {
  return shuffle(v, identity, std::index_sequence<(i & h ? i / h * h - 1 : V::size + i)...>{});
}

/// The same, with the element of the next place with the bit h everywhere else.
template <std::size_t h, class V, std::size_t... i>
FLYNN_ALWAYS_INLINE V last_of_left_half(const V& v, std::index_sequence<i...>) {
  return shuffle(v, v, std::index_sequence<((i | h) / h * h - 1)...>{});
}

#if defined(__AVX512F__)
/// a, and a + b where the place has the bit h.
template <std::size_t h, class V>
FLYNN_ALWAYS_INLINE V add_at_bit(const V& a, const V& b) {
  using T = typename V::value_type;
  constexpr unsigned patterns[] = {0, 0xaaaa, 0xcccc, 0, 0xf0f0, 0, 0, 0, 0xff00};
  constexpr auto mask = patterns[h];
  if constexpr (std::is_same_v<T, float>)
    return _mm512_mask_add_ps(a, mask, a, b);
  else if constexpr (std::is_same_v<T, double>)
    return _mm512_mask_add_pd(a, mask & 0xff, a, b);
  else if constexpr (sizeof(T) == 4)
    return _mm512_mask_add_epi32(a, mask, a, b);
  else
    return _mm512_mask_add_epi64(a, mask & 0xff, a, b);
}

/// x0 x0 x2 x2 ... by the unit that loads: the one that shuffles is what a scan waits for. GCC would load once and
/// shuffle.
template <class V>
FLYNN_ALWAYS_INLINE V even_elements_twice(const typename V::value_type* x) {
  V v;
  if constexpr (sizeof(typename V::value_type) == 4)
    asm("vmovsldup %1, %0" : "=v"(v.data) : "m"(*reinterpret_cast<const __m512_u*>(x)));
  else
    asm("vmovddup %1, %0" : "=v"(v.data) : "m"(*reinterpret_cast<const __m512_u*>(x)));
  return v;
}
#endif

/// Joins the halves within a vector, from those of h elements on.
template <class V, std::size_t h = 1>
FLYNN_ALWAYS_INLINE void join_elements(V& v, const V& identity) {
  if constexpr (h < V::size) {
    constexpr std::make_index_sequence<V::size> places;
#if defined(__AVX512F__)
    v = add_at_bit<h>(v, last_of_left_half<h>(v, places));
#else
    v = v + last_of_left_half<h>(v, identity, places);
#endif
    join_elements<V, 2 * h>(v, identity);
  }
}

/// The vector at x with its halves joined.
template <class V>
FLYNN_ALWAYS_INLINE V load_joined(const typename V::value_type* x, const V& identity) {
  V v = V::load_unaligned(x);
#if defined(__AVX512F__)
  v = add_at_bit<1>(v, even_elements_twice<V>(x));
  join_elements<V, 2>(v, identity);
#else
  join_elements(v, identity);
#endif
  return v;
}

}  // namespace flynn::simd

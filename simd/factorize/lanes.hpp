#pragma once
// What xsimd 8.1 lacks for integers: 32 x 32 -> 64 bits in every 64-bit lane, and a select that AVX-512 compiles
// without optimisation.

#include <cstdint>
#include <flynn/status.hpp>
#include <xsimd/xsimd.hpp>

namespace flynn::simd {

template <class Arch>
using U32 = xsimd::batch<std::uint32_t, Arch>;
template <class Arch>
using U64 = xsimd::batch<std::uint64_t, Arch>;

namespace detail {
#if defined(__SSE2__)
template <class Arch>
FLYNN_ALWAYS_INLINE U64<Arch> mul32(const U64<Arch>& a, const U64<Arch>& b, xsimd::sse2) {
  return {_mm_mul_epu32(a, b)};
}
#endif
#if defined(__AVX2__)
template <class Arch>
FLYNN_ALWAYS_INLINE U64<Arch> mul32(const U64<Arch>& a, const U64<Arch>& b, xsimd::avx2) {
  return {_mm256_mul_epu32(a, b)};
}
#endif
#if defined(__AVX512F__)
template <class Arch>
FLYNN_ALWAYS_INLINE U64<Arch> mul32(const U64<Arch>& a, const U64<Arch>& b, xsimd::avx512f) {
  return {_mm512_mul_epu32(a, b)};
}
#endif
#if defined(__aarch64__)
template <class Arch>
FLYNN_ALWAYS_INLINE U64<Arch> mul32(const U64<Arch>& a, const U64<Arch>& b, xsimd::neon64) {
  return {vmull_u32(vmovn_u64(a), vmovn_u64(b))};
}
#endif

template <class V, class Mask>
FLYNN_ALWAYS_INLINE V pick(const Mask& mask, const V& yes, const V& no, xsimd::generic) {
  return xsimd::select(mask, yes, no);
}
#if defined(__AVX512F__)
template <class V, class Mask>
FLYNN_ALWAYS_INLINE V pick(const Mask& mask, const V& yes, const V& no, xsimd::avx512f) {
  if constexpr (sizeof(typename V::value_type) == 4)
    return {_mm512_mask_blend_epi32(mask, no, yes)};
  else
    return {_mm512_mask_blend_epi64(mask, no, yes)};
}
#endif
}  // namespace detail

/// The products of the low halves; the high halves may hold anything.
template <class Arch>
FLYNN_ALWAYS_INLINE U64<Arch> mul32(const U64<Arch>& a, const U64<Arch>& b) {
  return detail::mul32<Arch>(a, b, Arch{});
}

/// Integers: `yes` in the lanes of the mask, `no` in the others.
template <class V>
FLYNN_ALWAYS_INLINE V pick(const typename V::batch_bool_type& mask, const V& yes, const V& no) {
  return detail::pick<V>(mask, yes, no, typename V::arch_type{});
}

/// All bits in the lanes of the mask, none in the others.
template <class T, class Arch>
FLYNN_ALWAYS_INLINE xsimd::batch<T, Arch> all_bits(const xsimd::batch_bool<T, Arch>& mask) {
  using V = xsimd::batch<T, Arch>;
  return pick(mask, V(static_cast<T>(-1)), V(T{0}));
}

}  // namespace flynn::simd

#pragma once
#include <type_traits>
#include <xsimd/xsimd.hpp>

#include <flynn/status.hpp>

namespace flynn::simd {

/// Where x or y is a NaN: one instruction, which xsimd does not have.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE xsimd::batch_bool<T, Arch> unordered(const xsimd::batch<T, Arch>& x,
                                                         const xsimd::batch<T, Arch>& y) {
#if defined(__AVX512F__)
  if constexpr (std::is_base_of_v<xsimd::avx512f, Arch>) {
    if constexpr (std::is_same_v<T, float>) return _mm512_cmp_ps_mask(x, y, _CMP_UNORD_Q);
    if constexpr (std::is_same_v<T, double>) return _mm512_cmp_pd_mask(x, y, _CMP_UNORD_Q);
  } else
#elif defined(__AVX__)
  if constexpr (std::is_base_of_v<xsimd::avx, Arch>) {
    if constexpr (std::is_same_v<T, float>) return _mm256_cmp_ps(x, y, _CMP_UNORD_Q);
    if constexpr (std::is_same_v<T, double>) return _mm256_cmp_pd(x, y, _CMP_UNORD_Q);
  } else
#elif defined(__SSE2__)
  if constexpr (std::is_base_of_v<xsimd::sse2, Arch>) {
    if constexpr (std::is_same_v<T, float>) return _mm_cmpunord_ps(x, y);
    if constexpr (std::is_same_v<T, double>) return _mm_cmpunord_pd(x, y);
  } else
#endif
    return (x != x) | (y != y);
}

}  // namespace flynn::simd

#pragma once
// Stores that go past the caches, which xsimd does not have.

#include <xsimd/xsimd.hpp>

#include <flynn/status.hpp>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace flynn::simd {

/// Whether `Arch` has such stores.
template <class Arch>
#if defined(__x86_64__)
inline constexpr bool can_stream = true;
#else
inline constexpr bool can_stream = false;
#endif

/// Writes `value` to `out`, which must be aligned to its size.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE void stream_store(T* out, const xsimd::batch<T, Arch>& value) {
#if defined(__x86_64__)
#if defined(__AVX512F__)
  if constexpr (sizeof value == 64)
    return _mm512_stream_si512(reinterpret_cast<__m512i*>(out), __builtin_bit_cast(__m512i, value.data));
#endif
#if defined(__AVX__)
  if constexpr (sizeof value == 32)
    return _mm256_stream_si256(reinterpret_cast<__m256i*>(out), __builtin_bit_cast(__m256i, value.data));
#endif
  if constexpr (sizeof value == 16)
    _mm_stream_si128(reinterpret_cast<__m128i*>(out), __builtin_bit_cast(__m128i, value.data));
#else
  value.store_aligned(out);
#endif
}

/// Makes what was streamed visible before whatever is stored next.
template <class Arch>
FLYNN_ALWAYS_INLINE void stream_fence() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace flynn::simd

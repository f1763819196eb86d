#pragma once
#include <type_traits>
#include <xsimd/xsimd.hpp>

#include <flynn/status.hpp>

namespace flynn::simd {

/// x y + z, rounded once where Arch has such an instruction, else twice. Never the slow emulation of a fused one.
/// (xsimd 8.1 has no fma for AVX-512, and contraction is off: x * y + z would be two instructions.)
template <class Arch, class T>
FLYNN_ALWAYS_INLINE xsimd::batch<T, Arch> multiply_add(xsimd::batch<T, Arch> x, xsimd::batch<T, Arch> y,
                                                       xsimd::batch<T, Arch> z) {
#if defined(__AVX512F__)
  if constexpr (std::is_base_of_v<xsimd::avx512f, Arch>) {
    if constexpr (std::is_same_v<T, float>) return _mm512_fmadd_ps(x, y, z);
    if constexpr (std::is_same_v<T, double>) return _mm512_fmadd_pd(x, y, z);
  } else
#endif
    return xsimd::fma(x, y, z);
}

}  // namespace flynn::simd

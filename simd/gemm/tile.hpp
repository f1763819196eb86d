#pragma once
// What is tuned in gemm, apart from the algorithm. Figures: a Xeon of the Sapphire Rapids kind, one thread, n = 1024,
// as a share of the FMA peak that was measured in between.

#include <cstddef>
#include <xsimd/xsimd.hpp>

namespace flynn::simd {

/// The tile of C that the innermost loop holds in registers: as many rows as leave room for two vectors of B and one
/// element of A. The rows divide 12 on every architecture, so parts that begin at a multiple of 12 waste no rows.
/// avx512bw f32: 12 x 2 vectors 0.86, 14 x 2 0.86, 8 x 3 0.85; avx2: 6 x 2 0.88, 4 x 3 0.87; sse2: 6 x 2 0.83, 4 x 2
/// 0.78.
template <class Arch, class T>
struct Tile {
  using V = xsimd::batch<T, Arch>;
#if defined(__AVX512F__) || defined(__aarch64__)
  static constexpr std::size_t registers = 32;
#else
  static constexpr std::size_t registers = 16;
#endif
  static constexpr std::size_t rows = registers == 32 ? 12 : 6;
  static constexpr std::size_t vectors = 2;
  static constexpr std::size_t columns = vectors * V::size;
};

/// The blocks that are packed. A panel of A (12 x 256 f32: 12 KiB) stays in L1 while the block of B (512 x 256: 512
/// KiB) goes by from L2. With 1024 columns the block of B leaves L2 (f64: 0.80 instead of 0.85); with 1024 rows nothing
/// is gained.
struct Block {
  static constexpr std::size_t rows = 504;     ///< of C, a multiple of 12
  static constexpr std::size_t columns = 512;  ///< of C, a multiple of all tiles' columns
  static constexpr std::size_t depth = 256;    ///< of k: the longest chain of additions that the error bound allows
};

}  // namespace flynn::simd

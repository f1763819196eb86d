#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace flynn::detect {

/// What the CPU has and the operating system lets programs use.
struct Cpu {
  std::string vendor, model;
  bool has_sse4_2 = false;      ///< with POPCNT
  bool has_avx2 = false;        ///< with FMA, BMI1, BMI2, LZCNT, and the YMM state saved by the system
  bool has_avx512bw = false;    ///< with F, CD, DQ, VL and all of has_avx2, and the ZMM state saved by the system
  bool has_avx512ifma = false;  ///< with VBMI, VPOPCNTDQ and all of has_avx512bw
  /// Loops from L2 and memory gain from prefetch instructions and from reading several pages at a time
  /// (docs/adr/0015-streams.md).
  bool gains_from_streams = false;
  std::size_t l1d_bytes = 0, l2_bytes = 0, l3_bytes = 0;  ///< data caches that one core sees; 0 when there is none
  /// The largest cache, or 8 MiB when the machine tells nothing.
  std::size_t last_cache_bytes() const;
};

/// What an x86 CPU says of itself: registers of CPUID, and the states that the operating system saves (XCR0).
struct CpuBits {
  unsigned leaf1_ecx = 0, leaf7_ebx = 0, leaf7_ecx = 0, extended_ecx = 0;
  std::uint64_t saved = 0;  ///< 0 where it may not be asked: OSXSAVE is not set
};
Cpu features_of(const CpuBits& bits);

/// Detected once.
const Cpu& cpu();

}  // namespace flynn::detect

#pragma once
#include <xsimd/xsimd.hpp>

#include <bit>

#include <flynn/execution.hpp>
#include <flynn/tree.hpp>
#include <flynn/view.hpp>
#include <simd/halve.hpp>

namespace flynn::simd {
namespace detail {

/// The 32 lanes of a block in vector registers: lane j is element j % size of register j / size.
template <class Arch, class T>
struct Lanes {
  using V = xsimd::batch<T, Arch>;
  static constexpr std::size_t count = tree_lanes / V::size;
  V registers[count];

  FLYNN_ALWAYS_INLINE Lanes() {
#pragma GCC unroll 16
    for (V& v : registers) v = V(T(-0.0));
  }
  /// Adds term(x...) of the 32 elements from `x` on.
  template <class Term, class... X>
  FLYNN_ALWAYS_INLINE void add_row(Term& term, const X*... x) {
#pragma GCC unroll 16
    for (std::size_t r = 0; r < count; ++r) registers[r] = registers[r] + term(V::load_unaligned(x + r * V::size)...);
  }
  /// Lane j with lane j + 16 and so on, as long as these are whole registers: one is left.
  FLYNN_ALWAYS_INLINE V halve_registers() const {
    V half[count];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < count; ++r) half[r] = registers[r];
#pragma GCC unroll 4
    for (std::size_t w = count / 2; w > 0; w /= 2)
#pragma GCC unroll 8
      for (std::size_t r = 0; r < w; ++r) half[r] = half[r] + half[r + w];
    return half[0];
  }
};

/// The result of a block of n <= 1024 elements.
template <class Arch, class T, class Term, class... X>
T partial_block(Term& term, std::size_t n, const X*... x) {
  using V = xsimd::batch<T, Arch>;
  Lanes<Arch, T> lanes;
  std::size_t i = 0;
  for (; i + tree_lanes <= n; i += tree_lanes) lanes.add_row(term, x + i...);
  if (i < n) {
    alignas(64) T lane[tree_lanes];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < lanes.count; ++r) lanes.registers[r].store_aligned(lane + r * V::size);
    for (std::size_t j = 0; i + j < n; ++j) lane[j] += term(x[i + j]...);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < lanes.count; ++r) lanes.registers[r] = V::load_aligned(lane + r * V::size);
  }
  return halve<Arch, T>(lanes.halve_registers());
}

/// How blocks are read.
enum class Reading {
  straight,  ///< one after the other
  caches,    ///< several at a time, from the caches
  memory     ///< several at a time, from memory
};

/// How many blocks are read at a time, as far as registers go. DRAM has more lines under way for four than for two (sum
/// of 1 GiB on AVX-512 of Intel, GB/s: f32 15.4 -> 18.2, f64 15.7 -> 17.9).
template <class Arch, class T, std::size_t arrays>
constexpr std::size_t blocks_at_once(Reading reading) {
  constexpr std::size_t count = Lanes<Arch, T>::count, registers = sizeof(xsimd::batch<T, Arch>) == 64 ? 16 : 8;
  const std::size_t wanted = reading == Reading::memory ? 4 : reading == Reading::caches && arrays == 1 ? 2 : 1;
  return wanted * count <= registers ? wanted : count < registers ? registers / count : 1;
}

/// The lanes of as many blocks from `x` on, eight vectors of each in turn. (Two blocks of f64 in L2 on AVX-512, GB/s:
/// with four vectors 120, with eight 133, and as much with sixteen.) Of two arrays L2 gives more when it is asked 1 KiB
/// ahead (dot, f32 and f64: 117 -> 121, 119 -> 125), of one less.
template <bool ask, class Arch, class T, std::size_t blocks, class Term, class... X>
FLYNN_ALWAYS_INLINE void read_blocks(Lanes<Arch, T> (&lanes)[blocks], Term& term, const X*... x) {
  constexpr std::size_t count = Lanes<Arch, T>::count, rows = count < 8 ? 8 / count : 1;
  for (std::size_t i = 0; i < tree_block; i += rows * tree_lanes)
#pragma GCC unroll 8
    for (std::size_t b = 0; b < blocks; ++b) {
      if constexpr (ask)
#pragma GCC unroll 16
        for (std::size_t k = 0; k < rows * tree_lanes; k += 64 / sizeof(T))
          (__builtin_prefetch(x + b * tree_block + i + k + 1024 / sizeof(T)), ...);
#pragma GCC unroll 4
      for (std::size_t r = 0; r < rows; ++r) lanes[b].add_row(term, x + b * tree_block + i + r * tree_lanes...);
    }
}

/// Where halve_rows() wants the row of block b, so that halving its result adds neighbours first.
template <class V>
constexpr std::size_t row_of_block(std::size_t b) {
  std::size_t lane = 0;
  for (std::size_t bit = 1; bit < V::size; bit *= 2) lane = 2 * lane + (b & bit ? 1 : 0);
  return row_of_lane<V>(lane);
}

/// The result of as many blocks as a vector has elements, beginning at `x`.
template <class Arch, Reading reading, class T, class Term, class... X>
FLYNN_ALWAYS_INLINE T whole_blocks(Term& term, const X*... x) {
  using V = xsimd::batch<T, Arch>;
  constexpr std::size_t wanted = blocks_at_once<Arch, T, sizeof...(X)>(reading),
                        at_once = wanted < V::size ? wanted : V::size;
  V row[V::size];
#pragma GCC unroll 16
  for (std::size_t first = 0; first < V::size; first += at_once) {
    Lanes<Arch, T> lanes[at_once];
    read_blocks<reading == Reading::caches && (sizeof...(X) > 1)>(lanes, term, x + first * tree_block...);
#pragma GCC unroll 8
    for (std::size_t b = 0; b < at_once; ++b) row[row_of_block<V>(first + b)] = lanes[b].halve_registers();
  }
  return halve<Arch, T>(halve_rows(row));
}

}  // namespace detail

/// The sum of term(x[i]...) in the tree of flynn/tree.hpp, for floats.
template <class Arch, class T, class Term, class... X>
Status tree_sum(Term term, T& result, const Execution& execution, const X&... x) {
  using V = xsimd::batch<T, Arch>;
  constexpr std::size_t turn = V::size * tree_block, level = std::countr_zero(V::size);
  const std::size_t n = (x.size(), ...);
  TreeCounter<T> blocks;
  std::size_t i = 0;
  auto turns = [&](auto reading) {
    for (; i + turn <= n; i += turn) {
      blocks.push(detail::whole_blocks<Arch, reading.value, T>(term, x.data + i...), level);
      if (i % (std::size_t{1} << 18) == 0)
        if (Status s = poll(execution); !s.ok()) return s;
    }
    return Status{};
  };
  using detail::Reading;
  const Status status = !execution.many_streams   ? turns(std::integral_constant<Reading, Reading::straight>())
                        : execution.bypass_caches ? turns(std::integral_constant<Reading, Reading::memory>())
                                                  : turns(std::integral_constant<Reading, Reading::caches>());
  if (!status.ok()) return status;
  for (; i < n; i += tree_block)
    blocks.push(detail::partial_block<Arch, T>(term, n - i < tree_block ? n - i : tree_block, x.data + i...));
  result = blocks.result();
  return {};
}

}  // namespace flynn::simd

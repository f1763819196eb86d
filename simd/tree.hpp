#pragma once
#include <xsimd/xsimd.hpp>

#include <bit>

#include <flynn/execution.hpp>
#include <flynn/tree.hpp>
#include <flynn/view.hpp>
#include <simd/transpose.hpp>

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
    for (std::size_t r = 0; r < count; ++r) half[r] = registers[r];
    for (std::size_t w = count / 2; w > 0; w /= 2)
      for (std::size_t r = 0; r < w; ++r) half[r] = half[r] + half[r + w];
    return half[0];
  }
};

/// The result of a block of n <= 1024 elements.
template <class Arch, class T, class Term, class... X>
T partial_block(Term& term, std::size_t n, const X*... x) {
  Lanes<Arch, T> lanes;
  std::size_t i = 0;
  for (; i + tree_lanes <= n; i += tree_lanes) lanes.add_row(term, x + i...);
  alignas(64) T lane[tree_lanes];
  for (std::size_t r = 0; r < lanes.count; ++r) lanes.registers[r].store_aligned(lane + r * Lanes<Arch, T>::V::size);
  for (std::size_t j = 0; i + j < n; ++j) lane[j] += term(x[i + j]...);
  for (std::size_t w = tree_lanes / 2; w > 0; w /= 2)
    for (std::size_t j = 0; j < w; ++j) lane[j] += lane[j + w];
  return lane[0];
}

/// How many blocks are read at a time. In L2 two, four vectors of each in turn, read faster than one or four (AVX-512:
/// 145, 117 and 123 to 140 GB/s); DRAM has more lines under way for four (sum of 1 GiB, GB/s: f32 15.4 -> 18.2, f64 15.7
/// -> 17.9). As far as registers go.
template <class Arch, class T>
constexpr std::size_t blocks_at_once(bool from_memory) {
  constexpr std::size_t count = Lanes<Arch, T>::count, registers = sizeof(xsimd::batch<T, Arch>) == 64 ? 16 : 8;
  const std::size_t wanted = from_memory ? 4 : 2;
  return wanted * count <= registers ? wanted : count < registers ? registers / count : 1;
}

/// The results of as many blocks as a vector has elements, beginning at `x`. The last halvings are within a register;
/// they are made for all these blocks at once, by transposing.
template <class Arch, bool from_memory, class T, class Term, class... X>
FLYNN_ALWAYS_INLINE xsimd::batch<T, Arch> whole_blocks(Term& term, const X*... x) {
  using L = Lanes<Arch, T>;
  using V = typename L::V;
  constexpr std::size_t wanted = blocks_at_once<Arch, T>(from_memory), at_once = wanted < V::size ? wanted : V::size;
  constexpr std::size_t rows = L::count < 4 ? 4 / L::count : 1;
  V row[V::size];
  for (std::size_t first = 0; first < V::size; first += at_once) {
    L lanes[at_once];
    for (std::size_t j = 0; j < tree_block; j += rows * tree_lanes)
#pragma GCC unroll 8
      for (std::size_t b = 0; b < at_once; ++b)
#pragma GCC unroll 2
        for (std::size_t r = 0; r < rows; ++r)
          lanes[b].add_row(term, x + (first + b) * tree_block + j + r * tree_lanes...);
    for (std::size_t b = 0; b < at_once; ++b) row[first + b] = lanes[b].halve_registers();
  }
  transpose<Arch, T>(row);
  for (std::size_t w = V::size / 2; w > 0; w /= 2)
    for (std::size_t j = 0; j < w; ++j) row[j] = row[j] + row[j + w];
  return row[0];
}

/// The tree over these. No counter: its carries would be branches that nobody predicts.
template <class Arch, class T>
FLYNN_ALWAYS_INLINE T tree_of_blocks(const xsimd::batch<T, Arch>& results) {
  using V = xsimd::batch<T, Arch>;
  alignas(V) T block[V::size];
  results.store_aligned(block);
  for (std::size_t w = V::size / 2; w > 0; w /= 2)
    for (std::size_t b = 0; b < w; ++b) block[b] = block[2 * b] + block[2 * b + 1];
  return block[0];
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
  auto turns = [&](auto from_memory) {
    for (; i + turn <= n; i += turn) {
      blocks.push(detail::tree_of_blocks<Arch, T>(detail::whole_blocks<Arch, from_memory.value, T>(term, x.data + i...)), level);
      if (i % (std::size_t{1} << 18) == 0)
        if (Status s = poll(execution); !s.ok()) return s;
    }
    return Status{};
  };
  const Status status = execution.bypass_caches ? turns(std::true_type{}) : turns(std::false_type{});
  if (!status.ok()) return status;
  for (; i < n; i += tree_block)
    blocks.push(detail::partial_block<Arch, T>(term, n - i < tree_block ? n - i : tree_block, x.data + i...));
  result = blocks.result();
  return {};
}

/// The sum of 64-bit lanes, two vectors at a time.
template <class Arch, class Sum>
FLYNN_ALWAYS_INLINE Sum sum_of_lanes(const xsimd::batch<Sum, Arch>& a, const xsimd::batch<Sum, Arch>& b) {
  using V = xsimd::batch<Sum, Arch>;
  alignas(V) Sum lane[V::size];
  (a + b).store_aligned(lane);
  Sum sum = 0;
  for (Sum s : lane) sum += s;
  return sum;
}

/// The sum of 32- or 64-bit integers in 64 bits, which wraps.
template <class Arch, class T>
SumOf<T> integer_sum(const T* x, std::size_t n) {
  using V = xsimd::batch<std::uint64_t, Arch>;
  constexpr std::size_t step = sizeof(V) / sizeof(T);
  // A lane holds two numbers of 32 bits, low + 2^32 high. Sums of whole lanes and of the high halves give that of the
  // low ones modulo 2^64: three instructions a vector. Signed numbers are made unsigned by adding 2^31, which is
  // flipping their signs.
  constexpr std::uint64_t bias = std::is_signed_v<T> ? std::uint64_t{1} << 31 : 0;
  const V signs(sizeof(T) == 4 ? bias << 32 | bias : 0);
  V whole[2] = {V(std::uint64_t{0}), V(std::uint64_t{0})}, high[2] = {whole[0], whole[0]};
  std::size_t i = 0;
  for (; i + 2 * step <= n; i += 2 * step)
    for (std::size_t j = 0; j < 2; ++j) {
      V v = xsimd::bitwise_cast<V>(xsimd::batch<T, Arch>::load_unaligned(x + i + j * step));
      if constexpr (sizeof(T) == 4) {
        v = v ^ signs;
        high[j] += v >> 32;
      }
      whole[j] += v;
    }
  std::uint64_t sum = sum_of_lanes(whole[0], whole[1]);
  if constexpr (sizeof(T) == 4) {
    const std::uint64_t high_sum = sum_of_lanes(high[0], high[1]);
    sum = (sum - (high_sum << 32)) + high_sum - i * bias;
  }
  for (; i < n; ++i) sum += std::uint64_t(SumOf<T>(x[i]));
  return SumOf<T>(sum);
}

}  // namespace flynn::simd

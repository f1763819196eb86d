#include <utility>

#include <simd/halve.hpp>
#include <simd/join.hpp>
#include <simd/kernels.hpp>
#include <simd/stream.hpp>
#include <simd/tree.hpp>

namespace flynn::simd {
namespace {

/// The elements of v one place on, behind the last one of `before`.
template <class V, std::size_t... i>
FLYNN_ALWAYS_INLINE V one_place_on(const V& before, const V& v, std::index_sequence<i...>) {
  return shuffle(before, v, std::index_sequence<(V::size - 1 + i)...>{});
}
/// A row of the scan's definition.
template <class Arch, class T>
struct Row {
  using V = xsimd::batch<T, Arch>;
  static constexpr std::make_index_sequence<V::size> places{};
  static constexpr std::size_t count = scan_row / V::size;
  V vectors[count];

  FLYNN_ALWAYS_INLINE explicit Row(const T* x) {
    const V identity(T(-0.0));
#pragma GCC unroll 8
    for (std::size_t k = 0; k < count; ++k) vectors[k] = load_joined(x + k * V::size, identity);
#pragma GCC unroll 4
    for (std::size_t half = 1; half < count; half *= 2)
#pragma GCC unroll 8
      for (std::size_t k = 0; k < count; ++k)
        if (k & half) vectors[k] = vectors[k] + last_everywhere(vectors[k / half * half - 1], places);
  }
  /// Writes the row and carries its total on.
  template <bool exclusive, bool stream>
  FLYNN_ALWAYS_INLINE void store(T* y, const V& base, V& carry) const {
    V before = V(T(-0.0)), carried;
#pragma GCC unroll 8
    for (std::size_t k = 0; k < count; ++k) {
      carried = carry + (exclusive ? one_place_on(before, vectors[k], places) : vectors[k]);
      before = vectors[k];
      const V value = base + carried;
      if constexpr (stream)
        stream_store<Arch>(y + k * V::size, value);
      else
        value.store_unaligned(y + k * V::size);
    }
    // carry + total stands there already.
    carry = exclusive ? carry + last_everywhere(vectors[count - 1], places) : last_everywhere(carried, places);
  }
};

/// Where the data of a call is, and where its results go.
enum class Place {
  caches,
  memory,       ///< in place, or not aligned
  past_caches,  ///< stores that do not hit what was just read
};
struct Way {
  Place place;
  bool many_streams;
};

/// How many pieces are scanned at a time, a row of each in turn, where many streams are better than one. Four have more
/// lines of DRAM under way; from L2 it is two, so that the next two come to L1 meanwhile: summing them up takes no time
/// of its own then.
template <Way way>
constexpr std::size_t streams = !way.many_streams            ? 1
                                : way.place == Place::caches ? 2
                                                             : 4;

/// How far ahead memory is asked for what comes next: beyond what is scanned at a time, if nobody knows better.
std::size_t ahead_or(const Execution& execution, std::size_t at_a_time) {
  return execution.read_ahead > 0 ? execution.read_ahead : at_a_time;
}

/// The tree sums of blocks.
template <class Arch, std::size_t blocks, class T>
FLYNN_ALWAYS_INLINE void sum_blocks(const T* x, T* sums) {
  detail::Lanes<Arch, T> lanes[blocks];
  auto same = [](auto v) { return v; };
  detail::read_blocks<false>(lanes, same, x);
#pragma GCC unroll 4
  for (std::size_t b = 0; b < blocks; ++b) sums[b] = halve<Arch, T>(lanes[b].halve_registers());
}

/// Scans blocks from what comes before each, while what comes `ahead` elements on is on its way from memory.
template <class Arch, bool exclusive, Way way, std::size_t blocks, class T>
FLYNN_ALWAYS_INLINE void scan_blocks(const T* x, T* y, const T* bases, std::size_t ahead) {
  using V = xsimd::batch<T, Arch>;
  V base[blocks], carry[blocks];
#pragma GCC unroll 4
  for (std::size_t b = 0; b < blocks; ++b) {
    base[b] = V(bases[b]);
    carry[b] = V(T(-0.0));
  }
  for (std::size_t i = 0; i < tree_block; i += scan_row)
#pragma GCC unroll 4
    for (std::size_t b = 0; b < blocks; ++b) {
      const T* const in = x + b * tree_block + i;
      for (std::size_t k = 0; k < scan_row; k += 64 / sizeof(T)) __builtin_prefetch(in + ahead + k);
      Row<Arch, T>(in).template store<exclusive, way.place == Place::past_caches>(y + b * tree_block + i, base[b],
                                                                                  carry[b]);
    }
}

/// Scans blocks that are in L1, and sums up as many that follow them, which come there meanwhile: what adds has time
/// where what shuffles has none.
template <class Arch, bool exclusive, std::size_t blocks, class T>
FLYNN_ALWAYS_INLINE void scan_and_sum_next(const T* x, T* y, const T* bases, T* next_sums) {
  using V = xsimd::batch<T, Arch>;
  V base[blocks], carry[blocks];
  detail::Lanes<Arch, T> lanes[blocks];
  auto same = [](auto v) { return v; };
#pragma GCC unroll 4
  for (std::size_t b = 0; b < blocks; ++b) {
    base[b] = V(bases[b]);
    carry[b] = V(T(-0.0));
  }
  for (std::size_t i = 0; i < tree_block; i += tree_lanes)
#pragma GCC unroll 4
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::size_t at = b * tree_block + i;
      lanes[b].add_row(same, x + blocks * tree_block + at);
#pragma GCC unroll 2
      for (std::size_t row = at; row < at + tree_lanes; row += scan_row)
        Row<Arch, T>(x + row).template store<exclusive, false>(y + row, base[b], carry[b]);
    }
#pragma GCC unroll 4
  for (std::size_t b = 0; b < blocks; ++b) next_sums[b] = halve<Arch, T>(lanes[b].halve_registers());
}

/// The rest of the input, less than a block.
template <class Arch, bool exclusive, class T>
void scan_rest(const T* x, T* y, std::size_t n, T base_of_block) {
  using V = xsimd::batch<T, Arch>;
  const V base(base_of_block);
  V carry(T(-0.0));
  for (std::size_t i = 0; i < n; i += scan_row) {
    const std::size_t count = n - i < scan_row ? n - i : scan_row;
    T values[scan_row] = {}, scanned[scan_row];
    for (std::size_t k = 0; k < count; ++k) values[k] = x[i + k];
    Row<Arch, T>(values).template store<exclusive, false>(scanned, base, carry);
    for (std::size_t k = 0; k < count; ++k) y[i + k] = scanned[k];
  }
}

template <class Arch, bool exclusive, Way way, class T>
Status scan_floats(const Scan<T>& w, const Execution& execution) {
  const std::size_t n = w.x.size(), ahead = ahead_or(execution, streams<way> * tree_block * sizeof(T)) / sizeof(T);
  TreeCounter<T> segments;
  for (std::size_t begin = 0; begin < n; begin += scan_segment) {
    if (Status s = poll(execution); !s.ok()) return s;
    const std::size_t end = n - begin < scan_segment ? n : begin + scan_segment;
    const T offset = w.init + segments.result();
    TreeCounter<T> blocks;
    std::size_t i = begin;
    auto go_on = [&](auto count) {
      constexpr std::size_t at_once = count.value, step = at_once * tree_block;
      // Sixteen registers, of half the size, are too few for it.
      constexpr bool sums_ahead = way.place == Place::caches && at_once > 1 && sizeof(xsimd::batch<T, Arch>) == 64;
      T sums[at_once], bases[at_once];
      for (bool known = false; i + step <= end; i += step) {
        if (!known) sum_blocks<Arch, at_once>(w.x.data + i, sums);
        for (std::size_t b = 0; b < at_once; ++b) {
          bases[b] = offset + blocks.result();
          blocks.push(sums[b]);
        }
        known = sums_ahead && i + 2 * step <= end;
        if (known)
          scan_and_sum_next<Arch, exclusive, at_once>(w.x.data + i, w.y.data + i, bases, sums);
        else
          scan_blocks<Arch, exclusive, way, at_once>(w.x.data + i, w.y.data + i, bases, ahead);
      }
    };
    go_on(std::integral_constant<std::size_t, streams<way>>());
    go_on(std::integral_constant<std::size_t, 1>());
    if (i < end) scan_rest<Arch, exclusive>(w.x.data + i, w.y.data + i, end - i, offset + blocks.result());
    segments.push(blocks.result());
  }
  if constexpr (way.place == Place::past_caches) stream_fence<Arch>();
  return {};
}

/// Integers in the order in which they stand. `sum` is that of all before, and then with these.
template <class Arch, bool exclusive, class T>
void scan_run(const T* x, T* y, std::size_t n, T& sum) {
  using V = xsimd::batch<T, Arch>;
  constexpr std::make_index_sequence<V::size> places;
  const V zero(T(0));
  V carry(sum);
  std::size_t i = 0;
  for (; i + V::size <= n; i += V::size) {
    V v = V::load_unaligned(x + i);
    join_elements(v, zero);
    (carry + (exclusive ? one_place_on(zero, v, places) : v)).store_unaligned(y + i);
    carry = carry + last_everywhere(v, places);
  }
  alignas(V) T lanes[V::size];
  carry.store_aligned(lanes);
  sum = lanes[0];
  for (; i < n; ++i) {
    const T before = sum;
    sum = wrapping_add(sum, x[i]);
    y[i] = exclusive ? before : sum;
  }
}

/// Four pages of integers: their sums, and then a vector of each in turn.
template <class Arch, bool exclusive, Way way, class T>
void scan_pages(const T* x, T* y, T& sum, std::size_t ahead) {
  using V = xsimd::batch<T, Arch>;
  constexpr std::make_index_sequence<V::size> places;
  constexpr std::size_t page = 4096 / sizeof(T);
  const V zero(T(0));
  V totals[streams<way>], carry[streams<way>];
  for (V& total : totals) total = zero;
  for (std::size_t i = 0; i < page; i += V::size)
#pragma GCC unroll 4
    for (std::size_t b = 0; b < streams<way>; ++b) totals[b] = totals[b] + V::load_unaligned(x + b * page + i);
  for (std::size_t b = 0; b < streams<way>; ++b) {
    carry[b] = V(sum);
    sum = wrapping_add(sum, halve<Arch, T>(totals[b]));
  }
  for (std::size_t i = 0; i < page; i += V::size)
#pragma GCC unroll 4
    for (std::size_t b = 0; b < streams<way>; ++b) {
      const T* const in = x + b * page + i;
      __builtin_prefetch(in + ahead);
      V v = V::load_unaligned(in);
      join_elements(v, zero);
      const V value = carry[b] + (exclusive ? one_place_on(zero, v, places) : v);
      if constexpr (way.place == Place::past_caches)
        stream_store<Arch>(y + b * page + i, value);
      else
        value.store_unaligned(y + b * page + i);
      carry[b] = carry[b] + last_everywhere(v, places);
    }
}

template <class Arch, bool exclusive, Way way, class T>
Status scan_integers(const Scan<T>& w, const Execution& execution) {
  constexpr std::size_t four_pages = streams<way> * 4096 / sizeof(T);
  const std::size_t ahead = ahead_or(execution, streams<way> * 4096) / sizeof(T);
  T sum = w.init;
  const Status status = in_chunks(w.x.size(), execution, [&](std::size_t i, std::size_t end) {
    if constexpr (way.place != Place::caches)
      for (; i + four_pages <= end; i += four_pages)
        scan_pages<Arch, exclusive, way>(w.x.data + i, w.y.data + i, sum, ahead);
    scan_run<Arch, exclusive>(w.x.data + i, w.y.data + i, end - i, sum);
  });
  if constexpr (way.place == Place::past_caches) stream_fence<Arch>();
  return status;
}

template <class Arch, bool exclusive, Way way, class T>
Status scan_of_type(const Scan<T>& w, const Execution& execution) {
  if constexpr (std::is_integral_v<T>)
    return scan_integers<Arch, exclusive, way>(w, execution);
  else
    return scan_floats<Arch, exclusive, way>(w, execution);
}

template <class Arch, bool exclusive, bool many_streams, class T>
Status scan_on_its_way(const Scan<T>& w, const Execution& execution) {
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(w.y.data) % sizeof(xsimd::batch<T, Arch>) == 0;
  if (!execution.bypass_caches) return scan_of_type<Arch, exclusive, Way{Place::caches, many_streams}>(w, execution);
  if (!can_stream<Arch> || !is_aligned || w.x.data == w.y.data)
    return scan_of_type<Arch, exclusive, Way{Place::memory, many_streams}>(w, execution);
  return scan_of_type<Arch, exclusive, Way{Place::past_caches, many_streams}>(w, execution);
}

}  // namespace

template <class Arch, class T>
Status scan(const Scan<T>& w, Execution& execution) {
  if (execution.many_streams)
    return w.exclusive ? scan_on_its_way<Arch, true, true>(w, execution)
                       : scan_on_its_way<Arch, false, true>(w, execution);
  return w.exclusive ? scan_on_its_way<Arch, true, false>(w, execution)
                     : scan_on_its_way<Arch, false, false>(w, execution);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status scan<Arch>(const Scan<float>&, Execution&);
template Status scan<Arch>(const Scan<double>&, Execution&);
template Status scan<Arch>(const Scan<std::int32_t>&, Execution&);
template Status scan<Arch>(const Scan<std::uint32_t>&, Execution&);
template Status scan<Arch>(const Scan<std::int64_t>&, Execution&);
template Status scan<Arch>(const Scan<std::uint64_t>&, Execution&);

}  // namespace flynn::simd

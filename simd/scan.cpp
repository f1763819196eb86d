#include <utility>

#include <simd/kernels.hpp>
#include <simd/stream.hpp>
#include <simd/tree.hpp>

namespace flynn::simd {
namespace {

template <class V>
struct ElementsOf {
  typedef typename V::value_type type [[gnu::vector_size(sizeof(V))]];
};

/// Elements of a and b, which are counted on: element W is the first of b.
template <class V, std::size_t... i>
FLYNN_ALWAYS_INLINE V shuffle(const V& a, const V& b, std::index_sequence<i...>) {
  using Elements = typename ElementsOf<V>::type;
  return V(__builtin_bit_cast(typename V::register_type, __builtin_shufflevector(__builtin_bit_cast(Elements, a.data),
                                                                                 __builtin_bit_cast(Elements, b.data), i...)));
}
template <class V, std::size_t... i>
FLYNN_ALWAYS_INLINE V last_everywhere(const V& v, std::index_sequence<i...>) {
  return shuffle(v, v, std::index_sequence<(V::size - 1 + 0 * i)...>{});
}
/// The elements of v one place on, behind the last one of `before`.
template <class V, std::size_t... i>
FLYNN_ALWAYS_INLINE V one_place_on(const V& before, const V& v, std::index_sequence<i...>) {
  return shuffle(before, v, std::index_sequence<(V::size - 1 + i)...>{});
}
/// Where the place has the bit h, the last of the h elements before; elsewhere the identity.
template <std::size_t h, class V, std::size_t... i>
FLYNN_ALWAYS_INLINE V last_of_left_half(const V& v, const V& identity, std::index_sequence<i...>) {
  return shuffle(v, identity, std::index_sequence<(i & h ? i / h * h - 1 : V::size + i)...>{});
}

/// Joins the halves within a vector.
template <class V, std::size_t h = 1>
FLYNN_ALWAYS_INLINE void join_elements(V& v, const V& identity) {
  if constexpr (h < V::size) {
    v = v + last_of_left_half<h>(v, identity, std::make_index_sequence<V::size>{});
    join_elements<V, 2 * h>(v, identity);
  }
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
    for (std::size_t k = 0; k < count; ++k) {
      vectors[k] = V::load_unaligned(x + k * V::size);
      join_elements(vectors[k], identity);
    }
#pragma GCC unroll 4
    for (std::size_t half = 1; half < count; half *= 2)
#pragma GCC unroll 8
      for (std::size_t k = 0; k < count; ++k)
        if (k & half) vectors[k] = vectors[k] + last_everywhere(vectors[k / half * half - 1], places);
  }
  FLYNN_ALWAYS_INLINE V total() const { return last_everywhere(vectors[count - 1], places); }
  template <bool exclusive, bool stream>
  FLYNN_ALWAYS_INLINE void store(T* y, const V& base, const V& carry) const {
    V before = V(T(-0.0));
#pragma GCC unroll 8
    for (std::size_t k = 0; k < count; ++k) {
      const V element = exclusive ? one_place_on(before, vectors[k], places) : vectors[k];
      before = vectors[k];
      const V value = base + (carry + element);
      if constexpr (stream)
        stream_store<Arch>(y + k * V::size, value);
      else
        value.store_unaligned(y + k * V::size);
    }
  }
};

/// A block: n <= 1024 elements.
template <class Arch, bool exclusive, bool stream, class T>
void scan_block(const T* x, T* y, std::size_t n, T base_of_block) {
  using V = xsimd::batch<T, Arch>;
  const V base(base_of_block);
  V carry(T(-0.0));
  std::size_t i = 0;
  for (; i + scan_row <= n; i += scan_row) {
    // What the next segment reads comes from memory while this one is written.
    if constexpr (stream)
      for (std::size_t k = 0; k < scan_row; k += 64 / sizeof(T)) __builtin_prefetch(x + scan_segment + i + k, 0, 2);  // into L2
    const Row<Arch, T> row(x + i);
    row.template store<exclusive, stream>(y + i, base, carry);
    carry = carry + row.total();
  }
  if (i == n) return;
  T rest[scan_row] = {}, scanned[scan_row];
  for (std::size_t k = 0; i + k < n; ++k) rest[k] = x[i + k];
  Row<Arch, T>(rest).template store<exclusive, false>(scanned, base, carry);
  for (std::size_t k = 0; i + k < n; ++k) y[i + k] = scanned[k];
}

template <class Arch, bool exclusive, bool stream, class T>
Status scan_floats(const Scan<T>& w, const Execution& execution) {
  using V = xsimd::batch<T, Arch>;
  const std::size_t n = w.x.size();
  auto same = [](auto x) { return x; };
  TreeCounter<T> segments;
  for (std::size_t begin = 0; begin < n; begin += scan_segment) {
    if (Status s = poll(execution); !s.ok()) return s;
    const T* const x = w.x.data + begin;
    const std::size_t length = n - begin < scan_segment ? n - begin : scan_segment;
    alignas(V) T totals[scan_segment / tree_block];
    if (length == scan_segment)
      for (std::size_t b = 0; b < scan_segment / tree_block; b += V::size)
        detail::whole_blocks<Arch, stream, T>(same, x + b * tree_block).store_aligned(totals + b);
    else
      for (std::size_t b = 0; b * tree_block < length; ++b)
        totals[b] = detail::partial_block<Arch, T>(
            same, length - b * tree_block < tree_block ? length - b * tree_block : tree_block, x + b * tree_block);
    const T offset = w.init + segments.result();
    TreeCounter<T> blocks;
    for (std::size_t i = 0; i < length; i += tree_block) {
      scan_block<Arch, exclusive, stream>(x + i, w.y.data + begin + i, length - i < tree_block ? length - i : tree_block,
                                          offset + blocks.result());
      blocks.push(totals[i / tree_block]);
    }
    segments.push(blocks.result());
  }
  if constexpr (stream) stream_fence<Arch>();
  return {};
}

template <class Arch, bool exclusive, class T>
Status scan_integers(const Scan<T>& w, const Execution& execution) {
  using V = xsimd::batch<T, Arch>;
  constexpr std::make_index_sequence<V::size> places;
  const V zero(T(0));
  T sum = w.init;
  return in_chunks(w.x.size(), execution, [&](std::size_t i, std::size_t end) {
    V carry(sum);
    for (; i + V::size <= end; i += V::size) {
      V v = V::load_unaligned(w.x.data + i);
      join_elements(v, zero);
      (carry + (exclusive ? one_place_on(zero, v, places) : v)).store_unaligned(w.y.data + i);
      carry = carry + last_everywhere(v, places);
    }
    alignas(V) T lanes[V::size];
    carry.store_aligned(lanes);
    sum = lanes[0];
    for (; i < end; ++i) {
      const T before = sum;
      sum = wrapping_add(sum, w.x[i]);
      w.y[i] = exclusive ? before : sum;
    }
  });
}

template <class Arch, bool exclusive, class T>
Status scan_of_type(const Scan<T>& w, const Execution& execution) {
  if constexpr (std::is_integral_v<T>) {
    return scan_integers<Arch, exclusive>(w, execution);
  } else {
    const bool stream = can_stream<Arch> && execution.bypass_caches && w.x.data != w.y.data &&
                        reinterpret_cast<std::uintptr_t>(w.y.data) % sizeof(xsimd::batch<T, Arch>) == 0;
    return stream ? scan_floats<Arch, exclusive, true>(w, execution) : scan_floats<Arch, exclusive, false>(w, execution);
  }
}

}  // namespace

template <class Arch, class T>
Status scan(const Scan<T>& w, Execution& execution) {
  return w.exclusive ? scan_of_type<Arch, true>(w, execution) : scan_of_type<Arch, false>(w, execution);
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status scan<Arch>(const Scan<float>&, Execution&);
template Status scan<Arch>(const Scan<double>&, Execution&);
template Status scan<Arch>(const Scan<std::int32_t>&, Execution&);
template Status scan<Arch>(const Scan<std::uint32_t>&, Execution&);
template Status scan<Arch>(const Scan<std::int64_t>&, Execution&);
template Status scan<Arch>(const Scan<std::uint64_t>&, Execution&);

}  // namespace flynn::simd

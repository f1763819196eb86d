#pragma once
#include <xsimd/xsimd.hpp>

#include <flynn/execution.hpp>
#include <flynn/view.hpp>
#include <simd/stream.hpp>

namespace flynn::simd {

namespace detail {

/// One vector.
template <class Arch, bool stream, class T, class F, class... X>
FLYNN_ALWAYS_INLINE void map_vector(F& f, T* out, std::size_t i, const X*... x) {
  using V = xsimd::batch<T, Arch>;
  const V value = f(V::load_unaligned(x + i)...);
  if constexpr (stream)
    stream_store<Arch>(out + i, value);
  else
    value.store_unaligned(out + i);
}

/// Asks for the line that is written to at i, and for those that are read where they are several: one alone comes by
/// itself.
template <class Arch, class T, class... X>
FLYNN_ALWAYS_INLINE void ask_for(const T* out, std::size_t i, const X*... x) {
  if constexpr (sizeof...(X) > 1) (__builtin_prefetch(x + i), ...);
  __builtin_prefetch(out + i, 1);
}

/// As long as there are four vectors. Some L2 caches give more when they are asked 1 KiB ahead, for the lines to be
/// written too (f32 and f64 on AVX-512 of Intel, GB/s: copy 76 -> 83, axpy 104 -> 122), and some less
/// (docs/adr/0015-streams.md); not beyond the end, where another thread may be writing.
template <class Arch, bool stream, bool ask, class T, class F, class... X>
FLYNN_ALWAYS_INLINE void map_line(F& f, T* out, std::size_t& i, std::size_t n, const X*... x) {
  constexpr std::size_t V = xsimd::batch<T, Arch>::size, line = 64 / sizeof(T), ahead = 1024 / sizeof(T);
  if constexpr (ask)
    for (; i + 4 * V + ahead <= n; i += 4 * V) {
      for (std::size_t j = 0; j < 4 * V; j += line) ask_for<Arch>(out, i + ahead + j, x...);
      for (std::size_t j = 0; j < 4 * V; j += V) map_vector<Arch, stream>(f, out, i + j, x...);
    }
  for (; i + 4 * V <= n; i += 4 * V)
    for (std::size_t j = 0; j < 4 * V; j += V) map_vector<Arch, stream>(f, out, i + j, x...);
}

/// As long as there are four pages of 4 KiB, a vector of each in turn: four streams have more lines of DRAM under way
/// than one (copy of 400 MB on AVX-512 of Intel in one run: 20.4 GB/s, as one stream 14.3, with plain stores 8.4,
/// memcpy 17.1).
template <class Arch, bool stream, class T, class F, class... X>
FLYNN_ALWAYS_INLINE void map_pages(F& f, T* out, std::size_t& i, std::size_t n, const X*... x) {
  constexpr std::size_t V = xsimd::batch<T, Arch>::size, page = 4096 / sizeof(T);
  for (; i + 4 * page <= n; i += 4 * page)
    for (std::size_t j = 0; j < page; j += V)
      for (std::size_t k = 0; k < 4 * page; k += page) map_vector<Arch, stream>(f, out, i + j + k, x...);
}

}  // namespace detail

/// out[i] = f(x[i]...) for every i. Where the call has more data than the caches hold, stores that overwrite go past
/// them: a line that is written whole needs not be read first.
template <class Arch, class T, class F, class... X>
Status map(F f, const Execution& execution, const View<T>& out, const X&... x) {
  T* const data = out.data;
  constexpr std::size_t vector = sizeof(xsimd::batch<T, Arch>);
  const bool in_place = ((x.data == data) || ...);
  const bool stream = can_stream<Arch> && !in_place && reinterpret_cast<std::uintptr_t>(data) % sizeof(T) == 0;
  return in_chunks(out.size(), execution, [&](std::size_t i, std::size_t end) {
    F g = f;  // out might be the memory of f: what f holds would be read again for every vector
    if (execution.bypass_caches && stream) {
      for (; i < end && reinterpret_cast<std::uintptr_t>(data + i) % vector != 0; ++i) data[i] = g(x.data[i]...);
      if (execution.many_streams)
        detail::map_pages<Arch, true>(g, data, i, end, x.data...);
      else
        detail::map_line<Arch, true, false>(g, data, i, end, x.data...);
      stream_fence<Arch>();
    } else if (execution.bypass_caches && execution.many_streams) {
      detail::map_pages<Arch, false>(g, data, i, end, x.data...);
    }
    if (execution.many_streams)
      detail::map_line<Arch, false, true>(g, data, i, end, x.data...);
    else
      detail::map_line<Arch, false, false>(g, data, i, end, x.data...);
    for (; i < end; ++i) data[i] = g(x.data[i]...);
  });
}

}  // namespace flynn::simd

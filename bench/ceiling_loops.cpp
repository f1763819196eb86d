// Compiled once per instruction set, see CMakeLists.txt: FLYNN_LOOPS is the name of the table, FLYNN_LOOPS_NAME that of
// the instruction set, FLYNN_LOOPS_ARCH the type of xsimd. Everything else here is local to the file, so that no code
// of a newer CPU escapes from it.

#include <xsimd/xsimd.hpp>

#include <cstring>
#include <type_traits>

#include <bench/ceiling_loops.hpp>

namespace flynn::bench {
namespace {

using Arch = FLYNN_LOOPS_ARCH;
using Vector = xsimd::batch<float, Arch>;
constexpr std::size_t width = sizeof(Vector);

enum class Store { plain, streaming };

template <Store store>
[[gnu::always_inline]] inline void put(char* to, const Vector& value) {
#if defined(__AVX512F__)
  if constexpr (store == Store::streaming) return _mm512_stream_ps(reinterpret_cast<float*>(to), value);
#elif defined(__AVX__)
  if constexpr (store == Store::streaming) return _mm256_stream_ps(reinterpret_cast<float*>(to), value);
#elif defined(__SSE2__)
  if constexpr (store == Store::streaming) return _mm_stream_ps(reinterpret_cast<float*>(to), value);
#endif
  value.store_aligned(reinterpret_cast<float*>(to));
}

[[gnu::always_inline]] inline Vector get(const char* from) {
  return Vector::load_aligned(reinterpret_cast<const float*>(from));
}

/// Reads `views` arrays as `views * streams` places at once: hardware prefetchers follow many streams better than one.
template <int views, int streams>
std::uint64_t read(char* const* view, std::size_t bytes) {
  constexpr int places = views * streams;
  const std::size_t each = bytes / streams / (4 * width) * (4 * width);
  Vector sum[places][2];
  for (auto& pair : sum) pair[0] = pair[1] = Vector(0.f);
  auto add = [&](int p, const char* from) {
    for (std::size_t j = 0; j < 4; ++j) sum[p][j % 2] = sum[p][j % 2] + get(from + j * width);
  };
  for (std::size_t i = 0; i < each; i += 4 * width)
#pragma GCC unroll 8
    for (int p = 0; p < places; ++p) add(p, view[p / streams] + std::size_t(p % streams) * each + i);
  for (int v = 0; v < views; ++v)
    for (std::size_t i = each * streams; i < bytes; i += width) sum[v][0] = sum[v][0] + get(view[v] + i);
  Vector all(0.f);
  for (const auto& pair : sum) all = all + pair[0] + pair[1];
  float lanes[Vector::size];
  all.store_unaligned(lanes);
  return std::uint64_t(lanes[0] != 0);
}

/// One vector of view[0] = f(what is read).
template <int reads, bool updates, Store store>
[[gnu::always_inline]] inline void write_one(char* const* view, std::size_t at) {
  const Vector a(0.5f);
  Vector value = get(view[reads > 0] + at);
  if constexpr (reads == 2) value = value + a * get(view[2] + at);
  if constexpr (updates) value = reads == 0 ? a * value : a * value + get(view[0] + at);
  put<store>(view[0] + at, value);
}

/// All of it, in four neighbouring pages at once.
template <int reads, bool updates, Store store>
std::uint64_t write_pages(char* const* view, std::size_t bytes) {
  constexpr std::size_t page = 4096;
  char* const own[] = {view[0], view[1], view[2]};  // or every store might change them
  std::size_t i = 0;
  for (; i + 4 * page <= bytes; i += 4 * page)
    for (std::size_t j = 0; j < page; j += width)
#pragma GCC unroll 4
      for (std::size_t k = 0; k < 4 * page; k += page) write_one<reads, updates, store>(own, i + k + j);
  for (; i < bytes; i += width) write_one<reads, updates, store>(own, i);
#if defined(__SSE2__)
  if constexpr (store == Store::streaming) _mm_sfence();
#endif
  return 0;
}

/// All of it, in `streams` places far apart at once.
template <int reads, bool updates, Store store, int streams>
std::uint64_t write(char* const* view, std::size_t bytes) {
  const std::size_t each = bytes / streams / (4 * width) * (4 * width);
  char* const own[] = {view[0], view[1], view[2]};  // or every store might change them
  for (std::size_t i = 0; i < each; i += 4 * width)
#pragma GCC unroll 2
    for (int s = 0; s < streams; ++s)
#pragma GCC unroll 4
      for (std::size_t j = 0; j < 4; ++j) write_one<reads, updates, store>(own, std::size_t(s) * each + i + j * width);
  for (std::size_t i = each * streams; i < bytes; i += width) write_one<reads, updates, store>(own, i);
#if defined(__SSE2__)
  if constexpr (store == Store::streaming) _mm_sfence();
#endif
  return 0;
}

std::uint64_t copy_by_libc(char* const* view, std::size_t bytes) {
  std::memcpy(view[0], view[1], bytes);
  return 0;
}

constexpr NamedLoop memory_loops[] = {
    {"copy", "plain stores", write<1, false, Store::plain, 1>},
    {"copy", "streaming stores", write<1, false, Store::streaming, 1>},
    {"copy", "streaming stores, 2 streams", write<1, false, Store::streaming, 2>},
    {"copy", "streaming stores, 4 pages", write_pages<1, false, Store::streaming>},
    {"copy", "memcpy", copy_by_libc},
    {"triad", "plain stores", write<2, false, Store::plain, 1>},
    {"triad", "streaming stores", write<2, false, Store::streaming, 1>},
    {"triad", "streaming stores, 2 streams", write<2, false, Store::streaming, 2>},
    {"triad", "streaming stores, 4 pages", write_pages<2, false, Store::streaming>},
    {"axpy", "plain stores", write<1, true, Store::plain, 1>},
    {"axpy", "plain stores, 2 streams", write<1, true, Store::plain, 2>},
    {"axpy", "plain stores, 4 pages", write_pages<1, true, Store::plain>},
    {"axpy", "streaming stores", write<1, true, Store::streaming, 1>},
    {"update", "plain stores", write<0, true, Store::plain, 1>},
    {"update", "plain stores, 2 streams", write<0, true, Store::plain, 2>},
    {"update", "streaming stores", write<0, true, Store::streaming, 1>},
    {"read", "1 stream", read<1, 1>},
    {"read", "2 streams", read<1, 2>},
    {"read", "4 streams", read<1, 4>},
    {"read", "8 streams", read<1, 8>},
    {"read 2", "1 stream each", read<2, 1>},
    {"read 2", "2 streams each", read<2, 2>},
    {"read 2", "4 streams each", read<2, 4>},
};

/// xsimd 8.1 has no fma for AVX-512: it would multiply and then add, at half the speed.
template <class V>
[[gnu::always_inline]] inline V fused(const V& x, const V& y, const V& z) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<typename V::value_type, float>)
    return _mm512_fmadd_ps(x, y, z);
  else
    return _mm512_fmadd_pd(x, y, z);
#else
  return xsimd::fma(x, y, z);
#endif
}

/// 12 chains keep two units with a latency of up to 6 cycles busy and fit 16 registers with both constants.
template <class T>
double multiply_add(std::size_t count) {
  using V = xsimd::batch<T, Arch>;
  constexpr int chains = 12;
  V x[chains];
  volatile T half = T(0.5), one = T(1);  // or the compiler would know the result
  const V a(half), b(one);
  for (int i = 0; i < chains; ++i) x[i] = V(T(i));
  for (std::size_t n = 0; n < count; ++n)
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) x[i] = fused(x[i], a, b);
  V sum = x[0];
  for (int i = 1; i < chains; ++i) sum = sum + x[i];
  T lanes[V::size];
  sum.store_unaligned(lanes);
  one = lanes[0];
  return 2.0 * chains * double(V::size) * double(count);
}

}  // namespace

extern const Loops FLYNN_LOOPS;
const Loops FLYNN_LOOPS = {FLYNN_LOOPS_NAME, memory_loops, multiply_add<float>, multiply_add<double>};

}  // namespace flynn::bench

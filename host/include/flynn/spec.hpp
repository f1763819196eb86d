#pragma once
// What every workload's spec is made of, and the questions that generic code asks it.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include <flynn/status.hpp>
#include <flynn/view.hpp>

namespace flynn {

/// What a workload costs by its definition; the bench derives its rates from it.
struct Cost {
  double flops = 0;  ///< arithmetic operations
  double bytes = 0;  ///< bytes that must be read plus bytes that must be written
  double items = 0;  ///< what is counted when neither of them says it: numbers factorised
};

/// Which figure of Cost makes the rate that users know this workload by.
enum class Rate : std::uint8_t { bytes, flops, items };

/// What that figure is: how much there is to do.
constexpr double work_of(Rate rate, const Cost& cost) {
  return rate == Rate::bytes ? cost.bytes : rate == Rate::flops ? cost.flops : cost.items;
}

/// An axis along which a workload may be cut. The parts follow from it alone, never from the number of workers.
struct Axis {
  std::size_t extent = 0;
  std::size_t granule = 1;  ///< parts begin at its multiples
  std::size_t least = 1;    ///< a part of less is not worth handing out
  std::size_t most =
      std::numeric_limits<std::size_t>::max();  ///< a part of more would keep a stop waiting for over 10 ms
};

/// The axes of a workload, and a part of it.
template <std::size_t Axes>
using Cut = std::array<Axis, Axes>;
template <std::size_t Axes>
using Box = std::array<Range, Axes>;

// ---- identity
// ----------------------------------------------------------------------------------------------------------

/// The name of an element type as users write it: f32, f64, i32, u32, i64, u64.
template <class T>
constexpr std::string_view type_name() {
  if constexpr (std::is_same_v<T, float>) return "f32";
  if constexpr (std::is_same_v<T, double>) return "f64";
  if constexpr (std::is_same_v<T, std::int32_t>) return "i32";
  if constexpr (std::is_same_v<T, std::uint32_t>) return "u32";
  if constexpr (std::is_same_v<T, std::int64_t>) return "i64";
  if constexpr (std::is_same_v<T, std::uint64_t>) return "u64";
}

/// Names a workload for one element type across modules and versions (FNV-1a of "name/type").
constexpr std::uint32_t spec_id(std::string_view name, std::string_view type) {
  std::uint32_t hash = 2166136261u;
  auto add = [&](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u; };
  for (char c : name) add(c);
  add('/');
  for (char c : type) add(c);
  return hash;
}

/// A spec as generic code sees it without its type.
struct SpecInfo {
  std::string_view workload, type;
  std::uint32_t id, size, version;
  Rate rate;
};

template <class W>
constexpr SpecInfo spec_info() {
  constexpr std::string_view type = type_name<typename W::value_type>();
  return {W::name, type, spec_id(W::name, type), sizeof(W), W::version, W::rate};
}

// ---- shapes of workloads
// -----------------------------------------------------------------------------------------------

/// Holds for every spec: plain data with a name, a check, a cost, its buffers, and the shape of a call of size n, which
/// has no memory yet.
template <class W>
concept Spec = std::is_trivially_copyable_v<W> && requires(const W& w, Text& text) {
  typename W::value_type;
  { W::name } -> std::convertible_to<std::string_view>;
  { w.check(text) } -> std::same_as<Status>;
  { w.cost() } -> std::same_as<Cost>;
  { W::shape(std::size_t{}) } -> std::same_as<W>;
};

/// Its parts are independent: `cut()` gives the axes, `part(box)` a spec again.
template <class W>
concept Maps = Spec<W> && requires(const W& w) {
  w.part(typename W::box{});
};

/// Its parts give partial results: `part(range, slot)` writes one, `merge` combines them in the order of the parts, and
/// `finish` turns the last one into the value.
template <class W>
concept Reduces = Spec<W> && requires(const W& w, typename W::Partial* slots) {
  { w.part(Range{}, slots) } -> std::same_as<W>;
  { W::merge(slots, std::size_t{}) } -> std::same_as<typename W::Partial>;
  W::finish(*slots);
};

// ---- checks
// ------------------------------------------------------------------------------------------------------------

/// Refuses null with elements to it and sizes whose bytes overflow.
template <class T, std::size_t Rank>
Status check_view(Text& text, const char* name, const View<T, Rank>& view) {
  std::size_t elements = 1;
  for (std::size_t d = 0; d < Rank; ++d) {
    std::size_t reach;
    if (__builtin_mul_overflow(view.extent[d], view.stride[d], &reach) ||
        __builtin_mul_overflow(elements, std::max<std::size_t>(view.extent[d], 1), &elements) ||
        reach > std::size_t(std::numeric_limits<std::ptrdiff_t>::max()) / sizeof(T) / Rank ||
        elements > std::size_t(std::numeric_limits<std::ptrdiff_t>::max()) / sizeof(T))
      return fail(text, Code::invalid_argument,
                  "%s: %zu elements of %zu bytes along dimension %zu overflow the address space", name, view.extent[d],
                  sizeof(T), d);
  }
  if (view.resident && view.footprint() > view.resident->bytes / sizeof(T))
    return fail(text, Code::invalid_argument, "%s: reaches to element %zu of an Array of %zu", name, view.footprint(),
                view.resident->bytes / sizeof(T));
  if (!view.data && view.size() > 0)
    return fail(text, Code::invalid_argument, "%s: null pointer with %zu elements", name, view.size());
  return {};
}

/// Refuses vectors of unlike length.
template <class A, class B>
Status check_same_size(Text& text, const char* a_name, const View<A>& a, const char* b_name, const View<B>& b) {
  if (a.size() == b.size()) return {};
  return fail(text, Code::invalid_argument, "%s has %zu elements and %s has %zu; they must be equal", a_name, a.size(),
              b_name, b.size());
}

enum class Overlap { none, same, partial };

/// How two views lie to each other in memory; `same` means that they begin and end together.
template <class A, class B, std::size_t Ra, std::size_t Rb>
Overlap overlap(const View<A, Ra>& a, const View<B, Rb>& b) {
  const auto a0 = reinterpret_cast<std::uintptr_t>(a.data), a1 = a0 + a.footprint() * sizeof(A);
  const auto b0 = reinterpret_cast<std::uintptr_t>(b.data), b1 = b0 + b.footprint() * sizeof(B);
  if (a0 == a1 || b0 == b1 || a1 <= b0 || b1 <= a0) return Overlap::none;
  return a0 == b0 && a1 == b1 ? Overlap::same : Overlap::partial;
}

/// For element-wise workloads: in place is allowed, a shifted overlap is not.
template <class A, class B>
Status check_in_place(Text& text, const char* a_name, const View<A>& a, const char* b_name, const View<B>& b) {
  if (overlap(a, b) != Overlap::partial) return {};
  return fail(text, Code::invalid_argument,
              "%s and %s overlap without being the same; give the same memory or separate memory", a_name, b_name);
}

/// For reductions that have no answer without elements.
template <class T>
Status check_not_empty(Text& text, const char* workload, const View<T>& x) {
  if (x.size() > 0) return {};
  return fail(text, Code::invalid_argument, "%s of no elements is not defined", workload);
}

/// The axis of a vector workload. 16384 elements of f32 take 500 ns from an L2 cache, many times as long as handing a
/// part out; 2^18 take 10 ms on nothing.
inline Axis vector_axis(std::size_t n) {
  return {.extent = n, .granule = 1024, .least = 16384, .most = std::size_t{1} << 18};
}

}  // namespace flynn

#pragma once
#include <flynn/extremum.hpp>
#include <flynn/spec.hpp>

namespace flynn {

/// The largest element of x by IEEE 754-2019 maximum: a NaN wins, and -0 is less than +0. No elements:
/// invalid_argument. Exact, work O(n).
template <class T>
struct Max {
  using value_type = T;
  using Partial = T;
  static constexpr std::string_view name = "max";
  static constexpr std::uint32_t version = 1;
  static constexpr Rate rate = Rate::bytes;

  In<T> x;
  Out<Partial> result;  ///< one element

  static Max shape(std::size_t n) { return {{nullptr, n}, {nullptr, 1}}; }
  Status check(Text& text) const {
    if (Status s = check_view(text, "x", x); !s.ok()) return s;
    return check_not_empty(text, "max", x);
  }
  Cost cost() const { return {.flops = 1.0 * double(x.size()), .bytes = 1.0 * sizeof(T) * double(x.size())}; }
  void each_buffer(auto&& f) { f(x), f(result); }
  Cut<1> cut() const { return {vector_axis(x.size())}; }
  Max part(Range r, Partial* slot) const { return {x.part(r), Out<Partial>(slot, 1)}; }
  static Partial merge(const Partial* slots, std::size_t n) { return merge_max(slots, n); }
  static Partial finish(const Partial& p) { return p; }
};

}  // namespace flynn

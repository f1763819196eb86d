#pragma once
#include <cmath>

#include <flynn/spec.hpp>
#include <flynn/tree.hpp>

namespace flynn {

/// The Euclidean norm of x: the square root of dot(x, x), not rescaled, so that it overflows when the sum of squares
/// does. The same bits on every backend. Work O(n).
template <class T>
struct Norm2 {
  using value_type = T;
  using Partial = T;
  static constexpr std::string_view name = "norm2";
  static constexpr std::uint32_t version = 1;
  static constexpr Rate rate = Rate::bytes;

  In<T> x;
  Out<Partial> result;  ///< one element

  static Norm2 shape(std::size_t n) { return {{nullptr, n}, {nullptr, 1}}; }
  Status check(Text& text) const { return check_view(text, "x", x); }
  Cost cost() const { return {.flops = 2.0 * double(x.size()), .bytes = 1.0 * sizeof(T) * double(x.size())}; }
  void each_buffer(auto&& f) { f(x), f(result); }
  Cut<1> cut() const { return {vector_axis(x.size())}; }
  Norm2 part(Range r, Partial* slot) const { return {x.part(r), Out<Partial>(slot, 1)}; }
  static Partial merge(const Partial* slots, std::size_t n) { return tree_merge(slots, n); }
  static Partial finish(const Partial& p) { return std::sqrt(p); }
};

}  // namespace flynn

#pragma once
#include <flynn/spec.hpp>
#include <flynn/tree.hpp>

namespace flynn {

/// The dot product of x and y, two vectors of n elements. Products are rounded, then added in the tree of tree.hpp (no
/// FMA): the same bits on every backend; of nothing it is +0. Error: at most (38 + log2(n / 1024)) eps sum|x y|. Work
/// O(n).
template <class T>
struct Dot {
  using value_type = T;
  using Partial = T;
  static constexpr std::string_view name = "dot";
  static constexpr std::uint32_t version = 1;
  static constexpr Rate rate = Rate::bytes;

  In<T> x, y;
  Out<Partial> result;  ///< one element

  static Dot shape(std::size_t n) { return {{nullptr, n}, {nullptr, n}, {nullptr, 1}}; }
  Status check(Text& text) const {
    if (Status s = check_view(text, "x", x); !s.ok()) return s;
    if (Status s = check_view(text, "y", y); !s.ok()) return s;
    return check_same_size(text, "x", x, "y", y);
  }
  Cost cost() const { return {.flops = 2.0 * double(x.size()), .bytes = 2.0 * sizeof(T) * double(x.size())}; }
  void each_buffer(auto&& f) { f(x), f(y), f(result); }
  Cut<1> cut() const { return {vector_axis(x.size())}; }
  Dot part(Range r, Partial* slot) const { return {x.part(r), y.part(r), Out<Partial>(slot, 1)}; }
  static Partial merge(const Partial* slots, std::size_t n) { return tree_merge(slots, n); }
  static Partial finish(const Partial& p) { return p; }
};

}  // namespace flynn

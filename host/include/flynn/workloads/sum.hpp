#pragma once
#include <flynn/spec.hpp>
#include <flynn/tree.hpp>

namespace flynn {

/// The sum of x. Floats are added in the tree of tree.hpp, so the bits are the same on every backend; the sum of
/// nothing is +0. Integers are summed in 64 bits and wrap. Error for floats: at most (37 + log2(n / 1024)) eps sum|x|.
/// Work O(n).
template <class T>
struct Sum {
  using value_type = T;
  using Partial = SumOf<T>;
  static constexpr std::string_view name = "sum";
  static constexpr std::uint32_t version = 1;
  static constexpr Rate rate = Rate::bytes;

  In<T> x;
  Out<Partial> result;  ///< one element

  static Sum shape(std::size_t n) { return {{nullptr, n}, {nullptr, 1}}; }
  Status check(Text& text) const { return check_view(text, "x", x); }
  Cost cost() const { return {.flops = 1.0 * double(x.size()), .bytes = 1.0 * sizeof(T) * double(x.size())}; }
  void each_buffer(auto&& f) { f(x), f(result); }
  Cut<1> cut() const { return {vector_axis(x.size())}; }
  Sum part(Range r, Partial* slot) const { return {x.part(r), Out<Partial>(slot, 1)}; }
  static Partial merge(const Partial* slots, std::size_t n) { return tree_merge(slots, n); }
  static Partial finish(const Partial& p) { return p; }
};

}  // namespace flynn

#pragma once
#include <flynn/extremum.hpp>
#include <flynn/spec.hpp>

namespace flynn {

/// The index of the largest element of x, as max orders them; of equal elements the first, of NaNs the first NaN. No
/// elements: invalid_argument. Exact, work O(n).
template <class T>
struct Argmax {
  using value_type = T;
  using Partial = Indexed<T>;
  static constexpr std::string_view name = "argmax";
  static constexpr std::uint32_t version = 1;
  static constexpr Rate rate = Rate::bytes;

  In<T> x;
  Out<Partial> result;     ///< one element
  std::size_t origin = 0;  ///< index of x[0] in the whole input

  static Argmax shape(std::size_t n) { return {{nullptr, n}, {nullptr, 1}}; }
  Status check(Text& text) const {
    if (Status s = check_view(text, "x", x); !s.ok()) return s;
    return check_not_empty(text, "argmax", x);
  }
  Cost cost() const { return {.flops = 1.0 * double(x.size()), .bytes = 1.0 * sizeof(T) * double(x.size())}; }
  void each_buffer(auto&& f) { f(x), f(result); }
  Cut<1> cut() const { return {vector_axis(x.size())}; }
  Argmax part(Range r, Partial* slot) const { return {x.part(r), Out<Partial>(slot, 1), origin + r.begin}; }
  static Partial merge(const Partial* slots, std::size_t n) { return merge_max(slots, n); }
  static std::size_t finish(const Partial& p) { return std::size_t(p.index); }
};

}  // namespace flynn

#pragma once
#include <flynn/spec.hpp>

namespace flynn {

/// y = x. x and y have n elements; they may be the same memory, not overlap otherwise.
/// Each element is rounded after every operation (no FMA), so the bits are the same on every backend. Work O(n).
template <class T>
struct Copy {
  using value_type = T;
  using box = Box<1>;
  static constexpr std::string_view name = "copy";
  static constexpr std::uint32_t version = 1;
  static constexpr Rate rate = Rate::bytes;

  In<T> x;
  Out<T> y;

  static Copy shape(std::size_t n) { return {{nullptr, n}, {nullptr, n}}; }
  Status check(Text& text) const {
    if (Status s = check_view(text, "x", x); !s.ok()) return s;
    if (Status s = check_view(text, "y", y); !s.ok()) return s;
    if (Status s = check_same_size(text, "x", x, "y", y); !s.ok()) return s;
    return check_in_place(text, "x", x, "y", y);
  }
  Cost cost() const { return {.flops = 0, .bytes = 2.0 * sizeof(T) * double(y.size())}; }
  void each_buffer(auto&& f) { f(x), f(y); }
  Cut<1> cut() const { return {vector_axis(y.size())}; }
  Copy part(const box& b) const { return {x.part(b[0]), y.part(b[0])}; }
};

}  // namespace flynn

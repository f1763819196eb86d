#pragma once
#include <flynn/spec.hpp>

namespace flynn {

/// z = x + a y. All three have n elements; z may be x or y, not overlap otherwise.
/// Each element is rounded after every operation (no FMA), so the bits are the same on every backend. Work O(n).
template <class T>
struct Triad {
  using value_type = T;
  using box = Box<1>;
  static constexpr std::string_view name = "triad";
  static constexpr std::uint32_t version = 1;
  static constexpr Rate rate = Rate::bytes;

  T a;
  In<T> x, y;
  Out<T> z;

  static Triad shape(std::size_t n) { return {T(1.7), {nullptr, n}, {nullptr, n}, {nullptr, n}}; }
  Status check(Text& text) const {
    if (Status s = check_view(text, "x", x); !s.ok()) return s;
    if (Status s = check_view(text, "y", y); !s.ok()) return s;
    if (Status s = check_view(text, "z", z); !s.ok()) return s;
    if (Status s = check_same_size(text, "x", x, "y", y); !s.ok()) return s;
    if (Status s = check_same_size(text, "x", x, "z", z); !s.ok()) return s;
    if (Status s = check_in_place(text, "x", x, "z", z); !s.ok()) return s;
    return check_in_place(text, "y", y, "z", z);
  }
  Cost cost() const { return {.flops = 2.0 * double(y.size()), .bytes = 3.0 * sizeof(T) * double(y.size())}; }
  void each_buffer(auto&& f) { f(x), f(y), f(z); }
  Cut<1> cut() const { return {vector_axis(y.size())}; }
  Triad part(const box& b) const { return {a, x.part(b[0]), y.part(b[0]), z.part(b[0])}; }
};

}  // namespace flynn

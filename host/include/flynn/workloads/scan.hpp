#pragma once
#include <flynn/spec.hpp>
#include <flynn/tree.hpp>

namespace flynn {

/// Floats are scanned in an order that is part of what scan means, so that every backend gives the same bits:
///
///   * The input is cut into segments of 16384, blocks of 1024 and rows of 16 elements.
///   * In a row, halves are joined, as often as they can be: for h = 1, 2, 4, 8 each element whose place has the bit h
///     adds the last element of the h before its own.
///   * In a block, the row's carry is the sum of the totals (the last elements) of the rows before it, one by one,
///     beginning with -0.0.
///   * The base of a block is the segment's offset plus the tree sum (tree.hpp) of the segment's blocks before it; the
///     offset of a segment is init plus the tree sum of everything before it.
///   * y = base + (carry + element). For the exclusive scan the element is that before it in the row, -0.0 for the
///   first.
inline constexpr std::size_t scan_segment = 16 * tree_block;
inline constexpr std::size_t scan_row = 16;

/// y_i = init + x_0 + ... + x_i, without x_i when it is exclusive. x and y have n elements; y may be x, not overlap
/// otherwise. Integers wrap. Floats are added in the order above, so the bits are the same on every backend; the error
/// is at most (56 + log2(n / 1024)) eps (|init| + sum|x|), and y need not be monotone where x >= 0: neighbours may
/// differ by their rounding. Work O(n), 2 n elements of memory traffic.
template <class T>
struct Scan {
  using value_type = T;
  static constexpr std::string_view name = "scan";
  static constexpr std::uint32_t version = 1;
  static constexpr Rate rate = Rate::bytes;

  In<T> x;
  Out<T> y;
  T init;
  bool exclusive;

  static Scan shape(std::size_t n) { return {{nullptr, n}, {nullptr, n}, T(3), n % 2 == 1}; }
  Status check(Text& text) const {
    if (Status s = check_view(text, "x", x); !s.ok()) return s;
    if (Status s = check_view(text, "y", y); !s.ok()) return s;
    if (Status s = check_same_size(text, "x", x, "y", y); !s.ok()) return s;
    return check_in_place(text, "x", x, "y", y);
  }
  Cost cost() const { return {.flops = 1.0 * double(x.size()), .bytes = 2.0 * sizeof(T) * double(x.size())}; }
  void each_buffer(auto&& f) { f(x), f(y); }
  /// The scan of a part, when `offset` is what comes before it. Parts of whole segments give the bits of the whole.
  Scan part(Range r, T offset) const { return {x.part(r), y.part(r), offset, exclusive}; }
};

}  // namespace flynn

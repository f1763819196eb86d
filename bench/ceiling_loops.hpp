#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace flynn::bench {

/// Passes over `bytes` of each view, which are aligned to 64 bytes and a multiple of them: first the views that are
/// written or updated, then those that are read; `views` has room for four. What it returns depends on what was read.
using Loop = std::uint64_t (*)(char* const* views, std::size_t bytes);

struct NamedLoop {
  std::string_view shape;  ///< "copy", "triad", "axpy", "update", "read", "read 2"
  std::string_view name;   ///< how it does it; begins with "streaming" when its stores go past the caches
  Loop run;
};

/// Does `count` turns of multiply-adds in registers and returns how many flops those were.
using MultiplyAdd = double (*)(std::size_t count);

/// The loops for one instruction set.
struct Loops {
  std::string_view isa;
  std::span<const NamedLoop> memory;
  MultiplyAdd f32, f64;
};

/// For each instruction set that this CPU has, the widest last.
std::span<const Loops* const> all_loops();

}  // namespace flynn::bench

#pragma once
#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <flynn/execution.hpp>
#include <flynn/view.hpp>
#include <kernels/failure.hpp>

namespace flynn::kernels {

/// An argument's rows of bytes in host memory.
struct Piece {
  void* data;
  std::size_t bytes;  ///< from the first to one past the last
  std::size_t rows, row_bytes, pitch;

  bool operator==(const Piece&) const = default;
  bool overlaps(const Piece& other) const {
    const auto begin = static_cast<char*>(data), other_begin = static_cast<char*>(other.data);
    return begin < other_begin + other.bytes && other_begin < begin + bytes;
  }
};

template <class T, std::size_t Rank, Access A>
Piece piece_of(const Argument<T, Rank, A>& view) {
  const std::size_t row = view.extent[Rank - 1] * sizeof(T);
  return {const_cast<std::remove_const_t<T>*>(view.data), view.footprint() * sizeof(T),
          Rank == 1 ? 1 : view.extent[0], row, Rank == 1 ? row : view.stride[0] * sizeof(T)};
}

/// Throws when the call was cancelled or its deadline passed.
inline void go_on(const Execution& execution) {
  if (const Status s = poll(execution); !s.ok())
    throw Failure(s.code, "%s", s.code == Code::cancelled ? "the call was cancelled" : "the deadline passed");
}

/// Calls move(first_row, rows, row_bytes, pitch) for slices of whole rows, so that what lies between the rows of a matrix
/// stays untouched on both sides, and asks before each whether to go on. Returns the bytes of all rows.
template <class Move>
std::size_t in_slices(const Piece& piece, const Execution& execution, Move move) {
  // 10 ms at 6 GB/s, a slow PCIe 3 bus.
  constexpr std::size_t slice = std::size_t{64} << 20;
  const bool gaps = piece.pitch != piece.row_bytes;
  const std::size_t rows = gaps ? piece.rows : piece.bytes, row_bytes = gaps ? piece.row_bytes : 1;
  const std::size_t pitch = gaps ? piece.pitch : 1, step = std::max<std::size_t>(slice / row_bytes, 1);
  for (std::size_t row = 0; row < rows; row += step) {
    go_on(execution);
    move(row, std::min(step, rows - row), row_bytes, pitch);
  }
  return rows * row_bytes;
}

}  // namespace flynn::kernels

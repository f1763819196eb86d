#pragma once
// A view says where the data of an argument is and who writes it. Views are plain data: a spec made of them can be
// copied to a worker or a device queue.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <type_traits>

#include <flynn/array.hpp>
#include <flynn/status.hpp>

namespace flynn {

/// Half-open interval of indices.
struct Range {
  std::size_t begin = 0, end = 0;
  FLYNN_ALWAYS_INLINE constexpr std::size_t size() const { return end - begin; }
};

enum class Access : std::uint8_t { read, write, read_write };

/// Elements of type T in `Rank` dimensions, the last one contiguous unless `stride` says otherwise.
template <class T, std::size_t Rank = 1>
struct View {
  T* data = nullptr;              ///< first element; null when empty
  std::size_t extent[Rank] = {};  ///< elements along each dimension
  std::size_t stride[Rank] = {};  ///< elements from one index to the next along each dimension
  Resident* resident = nullptr;   ///< of the Array that it shows: its values may be on a device; null for other memory

  FLYNN_ALWAYS_INLINE constexpr std::size_t size() const {
    std::size_t product = 1;
    for (std::size_t d = 0; d < Rank; ++d) product *= extent[d];
    return product;
  }
  FLYNN_ALWAYS_INLINE T& operator[](std::size_t i) const requires(Rank == 1) { return data[i]; }
  FLYNN_ALWAYS_INLINE T& operator()(std::size_t i, std::size_t j) const requires(Rank == 2) {
    return data[i * stride[0] + j * stride[1]];
  }
  /// Elements from the first to one past the last in memory.
  constexpr std::size_t footprint() const {
    std::size_t last = 0;
    for (std::size_t d = 0; d < Rank; ++d) {
      if (extent[d] == 0) return 0;
      last += (extent[d] - 1) * stride[d];
    }
    return last + 1;
  }
};

/// A contiguous range whose elements are T, for example std::vector<T>, std::span<const T> or T[N].
template <class R, class T>
concept RangeOf = std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
    std::same_as<std::remove_cv_t<std::ranges::range_value_t<R>>, std::remove_cv_t<T>>;

/// A view with the knowledge who writes it; written as In, Out or InOut.
template <class T, std::size_t Rank, Access A>
struct Argument : View<std::conditional_t<A == Access::read, const T, T>, Rank> {
  using Base = View<std::conditional_t<A == Access::read, const T, T>, Rank>;
  using element = T;  ///< without const
  using pointer = decltype(Base::data);
  static constexpr Access access = A;

  Argument() = default;
  template <RangeOf<T> R>
  Argument(R&& range) requires(Rank == 1) : Argument(std::ranges::data(range), std::ranges::size(range)) {}
  /// All of an Array, wherever its values are.
  template <ArrayOf<T> R>
  Argument(R&& array) requires(Rank == 1) : Argument(array.address(), array.size()) {
    this->resident = &array.resident();
  }
  /// `size` elements from `data`.
  FLYNN_ALWAYS_INLINE Argument(pointer data, std::size_t size) requires(Rank == 1) : Base{data, {size}, {1}} {}
  /// A row-major matrix: element (i, j) is data[i * ld + j].
  FLYNN_ALWAYS_INLINE Argument(pointer data, std::size_t rows, std::size_t columns, std::size_t ld) requires(Rank == 2)
      : Base{data, {rows, columns}, {ld, 1}} {}
  /// The elements of `range` along dimension `d`.
  FLYNN_ALWAYS_INLINE Argument part(Range range, std::size_t d = 0) const {
    Argument view = *this;
    view.data += range.begin * this->stride[d];
    view.extent[d] = range.size();
    return view;
  }
};

/// The workload reads it only.
template <class T, std::size_t Rank = 1>
using In = Argument<T, Rank, Access::read>;
/// The workload overwrites it without reading it.
template <class T, std::size_t Rank = 1>
using Out = Argument<T, Rank, Access::write>;
/// The workload reads and writes it.
template <class T, std::size_t Rank = 1>
using InOut = Argument<T, Rank, Access::read_write>;

}  // namespace flynn

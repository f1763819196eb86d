#pragma once
// Arguments and results that are one large vector of numbers: they come as the trail of a message (see Trail), into
// memory that was used before where there is some. Fresh pages cost as much as the copying.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <flynn/mp/sendable.hpp>

namespace flynn::mp::detail {

/// Writes an argument or a result that lasts until it was sent.
template <class T>
void write_lasting(Writer& out, const T& value) {
  if constexpr (is_numbers<T>) {
    const std::size_t bytes = value.size() * sizeof(typename T::value_type);
    out(std::uint64_t(value.size()));
    if (!out.put_later(value.data(), bytes)) out.put(value.data(), bytes);
  } else {
    out(value);
  }
}

/// The vector of the largest memory that this thread has no other use for.
template <class Numbers>
Numbers& spare() {
  thread_local Numbers numbers;
  return numbers;
}

/// Reads what write_lasting() wrote; the trail comes with Reader::finish().
template <class T>
void read_lasting(Reader& in, T& value) {
  if constexpr (is_numbers<T>) {
    using Number = typename T::value_type;
    const auto append = [](void* vector, std::span<const std::byte> bytes) {
      const Number* const first = reinterpret_cast<const Number*>(bytes.data());
      T& numbers = *static_cast<T*>(vector);
      numbers.insert(numbers.end(), first, first + bytes.size() / sizeof(Number));
    };
    std::uint64_t size = 0;
    in(size);
    if (!in.get_later(std::size_t(size), sizeof(Number), {&value, append}))
      return read_numbers(in, value, std::size_t(size));
    if (value.capacity() < size && spare<T>().capacity() >= size) value.swap(spare<T>());
    make_room(value, std::size_t(size));
  } else {
    in(value);
  }
}

/// Keeps the memory of what is not needed any more, for the next trail on this thread.
template <class T>
void keep_memory([[maybe_unused]] T& value) {
  if constexpr (is_numbers<T>) {
    constexpr std::size_t most = std::size_t{128} << 20;
    const std::size_t bytes = value.capacity() * sizeof(typename T::value_type);
    if (bytes >= Trail::least && bytes <= most && value.capacity() > spare<T>().capacity()) value.swap(spare<T>());
  }
}

}  // namespace flynn::mp::detail

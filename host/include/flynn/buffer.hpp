#pragma once
#include <cstddef>
#include <new>
#include <span>
#include <utility>

#include <flynn/placement.hpp>

namespace flynn {

/// Owns host memory: 64-byte aligned, uninitialised, from 2 MiB on aligned to and backed by huge pages where the kernel
/// grants them. Views point into it. Memory that a caller passes as a span is borrowed and has no Buffer.
class [[gnu::visibility("default")]] Buffer {
 public:
  Buffer() = default;
  /// Throws std::bad_alloc when there is no memory.
  explicit Buffer(std::size_t bytes, Placement placement = Placement::local);
  Buffer(Buffer && other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Buffer();

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  /// Whether the memory was zero when it was made: large blocks come so from the system.
  bool is_zeroed() const;

  /// The memory as elements of type T.
  template <class T>
  std::span<T> as() const {
    return {static_cast<T*>(data_), bytes_ / sizeof(T)};
  }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Room for `count` elements of type T. The pages are placed when they are first written, by whichever thread: with
/// `by_part` a plain loop of the caller puts each on the node whose threads will take it.
template <class T>
Buffer make_buffer(std::size_t count, Placement placement = Placement::local) {
  if (count > std::size_t(-1) / 2 / sizeof(T)) throw std::bad_alloc();
  return Buffer(count * sizeof(T), placement);
}

}  // namespace flynn

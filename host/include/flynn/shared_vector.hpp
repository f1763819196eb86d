#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <flynn/placement.hpp>
#include <flynn/status.hpp>

namespace flynn {

/// Owns memory that other processes can be given: zeroed, page-aligned, without a name that anybody would have to clean
/// up. Calls on the processes backend do not copy what lies in it. Costs a file descriptor.
class FLYNN_API SharedMemory {
 public:
  SharedMemory() = default;
  /// Throws Error: out_of_memory when there is none (all of it is reserved now, so that no later access can fail),
  /// resource_exhausted when there is no file descriptor.
  explicit SharedMemory(std::size_t bytes, Placement placement = Placement::local);
  /// What another process has made and sent. Takes the descriptor; empty when it cannot be mapped, or is not what a
  /// SharedMemory makes: sealed, and of that size.
  SharedMemory(int file, std::size_t bytes, std::uint64_t id);
  SharedMemory(SharedMemory&& other) noexcept { swap(other); }
  SharedMemory& operator=(SharedMemory&& other) noexcept {
    swap(other);
    return *this;
  }
  /// The pages go back at once, in every process; after let_live() when nobody has them any more.
  ~SharedMemory();

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  int file() const { return file_; }        ///< the descriptor of the memory, -1 when empty
  std::uint64_t id() const { return id_; }  ///< by chance unique in the world, 0 when empty
  /// Other processes may go on with it when this object is gone.
  void let_live() const { lives_on_.store(true, std::memory_order_relaxed); }

 private:
  void swap(SharedMemory& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(file_, other.file_);
    std::swap(id_, other.id_);
    std::swap(made_after_, other.made_after_);
    lives_on_ = other.lives_on_.exchange(lives_on_);
  }

  void* data_ = nullptr;
  std::size_t bytes_ = 0;
  int file_ = -1;
  std::uint64_t id_ = 0;
  std::uint64_t made_after_ = 0;  ///< so many forks: a copy of the process that made it leaves its pages alone
  mutable std::atomic<bool> lives_on_{false};
};

namespace detail {

/// Shared memory that several handles of this process show.
using SharedRef = std::shared_ptr<const SharedMemory>;
/// Throws as SharedMemory does. None for 0 bytes.
FLYNN_API SharedRef make_shared_memory(std::size_t bytes, Placement placement = Placement::local);

}  // namespace detail

/// A vector of fixed size in shared memory, with value 0 for every element at first. Anything that takes a std::span or
/// a std::vector of T takes it. A copy shows the same elements, here and as an argument of flynn::mp in another
/// process.
template <class T>
class shared_vector {
  static_assert(std::is_trivially_copyable_v<T>, "elements are seen by other processes, so they must be plain data");

 public:
  using value_type = T;

  shared_vector() = default;
  /// Throws as SharedMemory does. Its pages are made here, so `local` is the node of the caller. O(n).
  explicit shared_vector(std::size_t size, Placement placement = Placement::local)
      : memory_(detail::make_shared_memory(bytes_of(size), placement)), size_(size) {}
  shared_vector(std::size_t size, const T& value, Placement placement = Placement::local)
      : shared_vector(size, placement) {
    for (T& element : *this) element = value;
  }
  /// Of memory that has at least so many elements.
  shared_vector(detail::SharedRef memory, std::size_t size) : memory_(std::move(memory)), size_(size) {}
  shared_vector(const shared_vector&) = default;
  shared_vector(shared_vector&& other) noexcept
      : memory_(std::move(other.memory_)), size_(std::exchange(other.size_, 0)) {}
  shared_vector& operator=(shared_vector other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    return *this;
  }

  T* data() { return memory_ ? static_cast<T*>(memory_->data()) : nullptr; }
  const T* data() const { return memory_ ? static_cast<const T*>(memory_->data()) : nullptr; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  /// The memory itself; none when empty.
  const detail::SharedRef& memory() const { return memory_; }

 private:
  static std::size_t bytes_of(std::size_t size) {
    if (size > std::size_t(-1) / 2 / sizeof(T)) throw std::bad_alloc();
    return size * sizeof(T);
  }

  detail::SharedRef memory_;
  std::size_t size_ = 0;
};

}  // namespace flynn

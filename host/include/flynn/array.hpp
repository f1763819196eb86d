#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include <flynn/buffer.hpp>
#include <flynn/resident.hpp>

namespace flynn {

/// The memory of an Array, without its type.
class FLYNN_API ResidentMemory {
 public:
  /// Zeros. Throws std::bad_alloc.
  explicit ResidentMemory(std::size_t bytes, Placement placement);
  ResidentMemory(ResidentMemory&&) noexcept;
  ResidentMemory& operator=(ResidentMemory&&) noexcept;
  ~ResidentMemory();

  Resident& resident() const { return *resident_; }
  /// Brings the values to the host; throws Error when the device that has them fails. `will_write`: what a device holds
  /// is out of date from now on.
  void* look(bool will_write) const;

 private:
  Buffer memory_;
  std::unique_ptr<Resident> resident_;
};

/// A vector of fixed size that lives where it was last used. A call on a device uploads it when it is not there, works
/// on it there and leaves it there; a look at it from the host, or a call on the host, downloads it. So ten calls in a
/// row on one device move it once in and once out. Every function that takes vectors takes it.
///
/// Calls that only read it may run at the same time; everything else on one Array comes one after the other, as with a
/// std::vector.
template <class T>
class Array {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  using value_type = T;

  /// `size` zeros. O(1) from 2 MiB on: pages that nobody looks at are never made.
  explicit Array(std::size_t size, Placement placement = Placement::local)
      : memory_(bytes_of(size), placement), size_(size) {}
  /// A copy of `values`.
  explicit Array(std::span<const T> values, Placement placement = Placement::local) : Array(values.size(), placement) {
    std::ranges::copy(values, host().begin());
  }

  std::size_t size() const { return size_; }

  /// The values, to be read and written until the next call that uses this array. Throws Error.
  std::span<T> host() { return {static_cast<T*>(memory_.look(true)), size_}; }
  /// The values, to be read. What a device holds stays good. Throws Error.
  std::span<const T> host() const { return {static_cast<const T*>(memory_.look(false)), size_}; }

  /// Where the values are; both may hold.
  bool is_on_host() const { return locked()->is_on_host; }
  bool is_on_device() const { return locked()->is_on_device; }
  /// Bytes that went to devices and came from them, by calls and by looks, since it was made.
  std::uint64_t bytes_moved() const { return locked()->bytes_moved; }

  /// For views; the address says which memory is meant, not where its values are.
  Resident& resident() const { return memory_.resident(); }
  T* address() const { return static_cast<T*>(memory_.resident().host); }

 private:
  struct Locked {
    std::lock_guard<std::mutex> lock;
    const Resident* resident;
    const Resident* operator->() const { return resident; }
  };
  Locked locked() const { return {std::lock_guard(resident().mutex), &resident()}; }

  static std::size_t bytes_of(std::size_t size) {
    if (size > std::size_t(-1) / 2 / sizeof(T)) throw std::bad_alloc();
    return size * sizeof(T);
  }

  ResidentMemory memory_;
  std::size_t size_;
};

/// An Array of T, to be read; and to be written.
template <class A, class T>
concept ArrayOf = std::same_as<std::remove_cvref_t<A>, Array<std::remove_const_t<T>>>;

}  // namespace flynn

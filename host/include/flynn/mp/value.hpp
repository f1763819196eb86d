#pragma once
#include <algorithm>
#include <initializer_list>
#include <mutex>
#include <type_traits>

#include <flynn/mp/lock.hpp>

namespace flynn::mp {

namespace detail {

template <class T>
constexpr bool check_shared() {
  static_assert(
      std::is_trivially_copyable_v<T>,
      "flynn::mp: what processes share must be plain data (trivially copyable): numbers, std::array, structs of "
      "such. Of a std::string or std::vector only the object would be shared and not what it points to; send it "
      "as an argument, or share an Array of its elements.");
  static_assert(!std::is_pointer_v<T>,
                "flynn::mp: a pointer means nothing in another process. Share what it points to.");
  return true;
}

}  // namespace detail

/// A T that threads and processes share, without a lock: for a std::atomic, or where another lock guards it. A copy
/// shows the same T.
template <class T>
class RawValue {
  static_assert(detail::check_shared<T>() && alignof(T) <= 64);

 public:
  using value_type = T;
  /// Throws as SharedMemory does.
  explicit RawValue(const T& value = {}) : block_(sizeof(T)) { new (block_.data()) T(value); }
  T& value() const { return block_.as<T>(); }

  void save(Writer& out) const { block_.save(out); }
  void load(Reader& in) { block_.load(in); }

 private:
  detail::SharedBlock block_;
};

/// The same with a lock.
///
///     { const std::lock_guard guard(counter.get_lock());
///       ++counter.value(); }
template <class T>
class Value {
 public:
  using value_type = T;
  explicit Value(const T& value = {}) : value_(value) {}
  /// One access under the lock. Throws OwnerDead as the lock does.
  T get() const {
    const std::lock_guard guard(lock_);
    return value_.value();
  }
  void set(const T& value) const {
    const std::lock_guard guard(lock_);
    value_.value() = value;
  }
  /// For who has the lock.
  T& value() const { return value_.value(); }
  const RLock& get_lock() const { return lock_; }

  void save(Writer& out) const {
    lock_.save(out);
    value_.save(out);
  }
  void load(Reader& in) {
    lock_.load(in);
    value_.load(in);
  }

 private:
  RLock lock_;
  RawValue<T> value_;
};

/// Elements that threads and processes share, without a lock.
template <class T>
using RawArray = shared_vector<T>;

/// Elements that threads and processes share, with a lock; their number is fixed, their first value 0. A copy shows the
/// same elements. Each access is as it stands: take the lock where several belong together.
template <class T>
class Array {
  static_assert(detail::check_shared<T>());

 public:
  using value_type = T;
  Array() = default;
  /// Throws as SharedMemory does. O(n).
  explicit Array(std::size_t size, const T& value = {}) : elements_(size, value) {}
  Array(std::initializer_list<T> values) : elements_(values.size()) { std::ranges::copy(values, begin()); }

  T* data() const { return const_cast<shared_vector<T>&>(elements_).data(); }
  std::size_t size() const { return elements_.size(); }
  T& operator[](std::size_t i) const { return data()[i]; }
  T* begin() const { return data(); }
  T* end() const { return data() + size(); }
  const RLock& get_lock() const { return lock_; }

  void save(Writer& out) const {
    lock_.save(out);
    out(elements_);
  }
  void load(Reader& in) {
    lock_.load(in);
    in(elements_);
  }

 private:
  RLock lock_;
  shared_vector<T> elements_;
};

}  // namespace flynn::mp

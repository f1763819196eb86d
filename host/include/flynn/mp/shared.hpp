#pragma once
// What lies in shared memory: it goes to other processes as a descriptor, once, and as a place in that memory.

#include <cstddef>
#include <cstdint>

#include <flynn/mp/sendable.hpp>
#include <flynn/shared_vector.hpp>

namespace flynn::mp {

namespace detail {

/// A piece of shared memory. Copies show the same one, in this process and in those that it is sent to.
class FLYNN_API SharedBlock {
 public:
  SharedBlock() = default;
  SharedBlock(const SharedBlock&) = default;  // and no move: what is moved from would show memory that may go
  SharedBlock& operator=(const SharedBlock&) = default;
  /// Zeroed, on cache lines of its own. Small ones lie together and cost no descriptor each. Throws as SharedMemory
  /// does.
  explicit SharedBlock(std::size_t bytes);
  template <class T>
  T& as() const {
    return *reinterpret_cast<T*>(data_);
  }
  void* data() const { return data_; }
  const flynn::detail::SharedRef& memory() const { return memory_; }
  /// In this process it stays mapped until that ends: something in it is still in use.
  void keep() const;

  void save(Writer& out) const;
  void load(Reader& in);

 private:
  flynn::detail::SharedRef memory_;
  std::byte* data_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace detail

/// A shared_vector goes to another process without its elements: both see the same ones.
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(Writer& out, const shared_vector<T>& vector) {
  out.share(vector.memory());
  out(std::uint64_t(vector.size()));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(Reader& in, shared_vector<T>& vector) {
  auto memory = in.shared();
  std::uint64_t size = 0;
  in(size);
  if (size > (memory ? memory->bytes() : 0) / sizeof(T))
    throw Error(Code::internal, "a message of flynn::mp is damaged");
  vector = shared_vector<T>(std::move(memory), std::size_t(size));
}

}  // namespace flynn::mp

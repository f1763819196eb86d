#pragma once
#include <cstddef>
#include <cstring>
#include <vector>

#include <flynn/spec.hpp>
#include <host/pools/process_pool.hpp>

namespace flynn {

/// Puts the data of a call where worker processes see it. What lies in SharedMemory stays where it is; of the rest a
/// copy is made, and brought back by finish().
class Staging {
 public:
  Staging(ProcessPool::Use& use, Execution& execution) : use_(use), execution_(execution) {}
  Staging(const Staging&) = delete;

  /// Moves a view. Throws Error when there is no memory.
  template <class T, std::size_t Rank, Access A>
  Status place(Argument<T, Rank, A>& view) {
    if (view.size() == 0) return {};
    const std::size_t bytes = view.footprint() * sizeof(T);
    if (const auto shared = find_shared(view.data, bytes)) {
      use_.share(*shared);
      if constexpr (A != Access::read) execution_.outputs_kept = false;
      return {};
    }
    const std::size_t row = view.extent[Rank - 1] * sizeof(T);
    Copy copy{.home = const_cast<std::remove_const_t<T>*>(view.data), .there = use_.scratch(bytes), .bytes = row};
    if constexpr (Rank == 2) copy.rows = view.extent[0], copy.pitch = view.stride[0] * sizeof(T);
    view.data = static_cast<T*>(copy.there);
    if constexpr (A != Access::read) written_.push_back(copy);
    if constexpr (A != Access::write) return move(copy.there, copy.home, copy);
    return {};
  }

  /// Brings home what was written.
  Status finish();

 private:
  struct Copy {
    void *home, *there;
    std::size_t bytes;  ///< of a row
    std::size_t rows = 1, pitch = 0;
  };
  Status move(void* to, const void* from, const Copy& shape);

  ProcessPool::Use& use_;
  Execution& execution_;
  std::vector<Copy> written_;
};

}  // namespace flynn

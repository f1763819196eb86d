#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include <flynn/execution.hpp>
#include <kernels/opencl/device.hpp>
#include <kernels/resident.hpp>

namespace flynn::opencl {

/// Device memory as a plan passes it to a launch; null stands for no elements.
struct Pointer {
  cl_mem memory = nullptr;
};

/// One call's work on one device, for one thread. kernels/kernels.hpp says what plans may ask of it.
class Queue {
 public:
  Queue(Device& device, Execution& execution);
  /// Waits for what was launched: it may still work in memory of the caller.
  ~Queue();
  Queue(const Queue&) = delete;

  template <class T, std::size_t Rank, Access A>
  Pointer buffer(const Argument<T, Rank, A>& view) {
    return buffer(view, A);
  }
  /// With an access that narrows the one that the type says, for a plan that knows that it will not read, for example.
  template <class T, std::size_t Rank, Access A>
  Pointer buffer(const Argument<T, Rank, A>& view, Access access) {
    if (view.size() == 0) return {};
    const kernels::Piece piece = kernels::piece_of(view);
    return view.resident ? hold(*view.resident, piece, access) : place(piece, access);
  }

  template <class T>
  Pointer scratch(std::size_t elements) {
    return elements == 0 ? Pointer{} : create(elements * sizeof(T), CL_MEM_READ_WRITE, nullptr);
  }

  template <class... Arguments>
  void launch(const kernels::Entry& entry, std::size_t groups, std::size_t group_size, const Arguments&... arguments) {
    static_assert(((std::is_same_v<Arguments, Pointer> || std::is_arithmetic_v<Arguments>)&&...));
    const std::array<Value, sizeof...(arguments)> values = {Value{&arguments, sizeof arguments}...};
    launch(entry, groups, group_size, values.data(), values.size());
  }

  template <class T>
  void read(Pointer from, T* to, std::size_t n) {
    read(from, static_cast<void*>(to), n * sizeof(T));
  }

  // For Arrays, see kernels/resident.hpp.
  void fetch(Resident& resident);
  bool is_home_of(const Replica& replica) const { return replica.device == &device_; }
  Replica make_replica(std::size_t bytes);
  void upload(const Replica& replica, void* from, std::size_t bytes);
  void download(const Replica& replica, void* to, std::size_t bytes);

  /// Brings home what the plan wrote and adds to the clocks of the call.
  void finish();

  bool is_cpu() const { return device_.facts().is_cpu; }
  std::size_t slice() const;
  std::size_t map_group() const;

 private:
  using Placed = Lane::Placed;
  struct Value {
    const void* data;
    std::size_t bytes;
  };

  Pointer place(const kernels::Piece& piece, Access access);
  Pointer hold(Resident& resident, const kernels::Piece& piece, Access access);
  Memory make_memory(std::size_t bytes, cl_mem_flags flags, void* host);
  Pointer create(std::size_t bytes, cl_mem_flags flags, void* host);
  void move(cl_mem memory, const kernels::Piece& piece, bool home);
  void move_rows(cl_mem memory, char* host, std::size_t row, std::size_t rows, std::size_t row_bytes, std::size_t pitch,
                 bool home);
  void launch(const kernels::Entry& entry, std::size_t groups, std::size_t group_size, const Value* values,
              std::size_t count);
  void read(Pointer from, void* to, std::size_t bytes);
  cl_kernel kernel(const kernels::Entry& entry);

  Device& device_;
  Execution& execution_;
  std::uint64_t bytes_moved_ = 0;
  std::unique_ptr<Lane> lane_;
  bool writes_at_home_ = false;  ///< launches work in memory that is not the call's own
  bool is_finished_ = false;  ///< nothing went wrong: the lane can serve again
};

}  // namespace flynn::opencl

#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <type_traits>
#include <vector>

#include <flynn/execution.hpp>
#include <kernels/opencl/device.hpp>
#include <kernels/piece.hpp>

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
    return view.size() == 0 ? Pointer{} : place(kernels::piece_of(view), access);
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

  /// Brings home what the plan wrote and adds to the clocks of the call.
  void finish();

  bool is_cpu() const { return device_.facts().is_cpu; }
  std::size_t slice() const;
  std::size_t map_group() const;

 private:
  struct Placed {
    kernels::Piece piece;
    cl_mem memory;
    bool borrowed;  ///< the device works in the caller's memory
    bool filled;    ///< holds the caller's values
    bool written;
  };
  struct Value {
    const void* data;
    std::size_t bytes;
  };

  Pointer place(const kernels::Piece& piece, Access access);
  Pointer create(std::size_t bytes, cl_mem_flags flags, void* host);
  void move(const Placed& placed, bool home);
  void move_rows(cl_mem memory, char* host, std::size_t row, std::size_t rows, std::size_t row_bytes, std::size_t pitch,
                 bool home);
  void launch(const kernels::Entry& entry, std::size_t groups, std::size_t group_size, const Value* values,
              std::size_t count);
  void read(Pointer from, void* to, std::size_t bytes);
  cl_kernel kernel(const kernels::Entry& entry);

  Device& device_;
  Execution& execution_;
  std::uint64_t bytes_moved_ = 0;
  CommandQueue queue_;
  std::vector<Memory> memories_;
  std::deque<Placed> placed_;
  std::vector<std::pair<kernels::Entry, Kernel>> kernels_;
  std::vector<Event> launches_, transfers_;
};

}  // namespace flynn::opencl

#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include <flynn/execution.hpp>
#include <kernels/cuda/device.hpp>
#include <kernels/resident.hpp>

namespace flynn::cuda {

/// Device memory as a plan passes it to a launch; 0 stands for no elements.
struct Pointer {
  CUdeviceptr memory = 0;
};

/// One call's work on one device, for one thread, on a stream of its own. kernels/kernels.hpp says what plans may ask
/// of it.
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
    return elements == 0 ? Pointer{} : create(elements * sizeof(T));
  }

  template <class... Arguments>
  void launch(const kernels::Entry& entry, std::size_t groups, std::size_t group_size, const Arguments&... arguments) {
    static_assert(((std::is_same_v<Arguments, Pointer> || std::is_arithmetic_v<Arguments>)&&...));
    std::array<void*, sizeof...(arguments)> values = {const_cast<Arguments*>(&arguments)...};
    launch(entry, groups, group_size, values.data());
  }

  /// gemm by cuBLAS; false where the text must do it. See gemm.cpp.
  template <class T>
  bool vendor_gemm(const Gemm<T>& w, Pointer a, Pointer b, Pointer c);

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

  bool is_cpu() const { return false; }
  /// As many as OpenCL gives a GPU: at most 10 ms.
  std::size_t slice() const { return std::size_t{1} << 25; }
  std::size_t map_group() const { return 256; }

 private:
  using Placed = Lane::Placed;

  Pointer place(const kernels::Piece& piece, Access access);
  Pointer hold(Resident& resident, const kernels::Piece& piece, Access access);
  Pointer create(std::size_t bytes);
  void move(CUdeviceptr memory, const kernels::Piece& piece, bool home);
  void launch(const kernels::Entry& entry, std::size_t groups, std::size_t group_size, void** values);
  void read(Pointer from, void* to, std::size_t bytes);
  CUevent event_now();
  void launched(CUevent begin);
  cublasHandle_t cublas_handle();
  CUfunction function(const kernels::Entry& entry);

  Device& device_;
  Execution& execution_;
  const Current current_;
  std::uint64_t bytes_moved_ = 0;
  std::unique_ptr<Lane> lane_;
  bool writes_at_home_ = false;  ///< launches work in Arrays
  bool is_finished_ = false;  ///< nothing went wrong: the lane can serve again
};

}  // namespace flynn::cuda

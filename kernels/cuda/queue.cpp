#include <kernels/cuda/queue.hpp>

namespace flynn::cuda {
namespace {

double seconds(const std::vector<std::pair<Event, Event>>& spans) {
  double total = 0;
  for (const auto& [begin, end] : spans) {
    float milliseconds = 0;
    check(cuEventElapsedTime(&milliseconds, begin.get(), end.get()), "cuEventElapsedTime");
    total += 1e-3 * double(milliseconds);
  }
  return total;
}

}  // namespace

Queue::Queue(Device& device, Execution& execution) : device_(device), execution_(execution), current_(device) {
  CUstream stream;
  check(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
  stream_ = Stream(stream);
}

Queue::~Queue() {
  for (CUdeviceptr memory : memories_) cuMemFreeAsync(memory, stream_.get());
  cuStreamSynchronize(stream_.get());
}

Event Queue::event_now() {
  CUevent event;
  check(cuEventCreate(&event, CU_EVENT_DEFAULT), "cuEventCreate");
  Event owned(event);
  check(cuEventRecord(event, stream_.get()), "cuEventRecord");
  return owned;
}

Pointer Queue::create(std::size_t bytes) {
  CUdeviceptr memory;
  check(cuMemAllocAsync(&memory, bytes, stream_.get()), "cuMemAllocAsync");
  memories_.push_back(memory);
  return {memory};
}

Pointer Queue::place(const kernels::Piece& piece, Access access) {
  Placed* same = nullptr;
  for (Placed& other : placed_)
    if (other.piece == piece) same = &other;
  if (!same) same = &placed_.emplace_back(Placed{piece, create(piece.bytes).memory, false, false});
  if (access != Access::write && !same->filled) {
    move(same->memory, same->piece, false);
    same->filled = true;
  }
  same->written |= access != Access::read;
  return {same->memory};
}

Pointer Queue::hold(Resident& resident, const kernels::Piece& piece, Access access) {
  return {CUdeviceptr(
      kernels::hold(*this, execution_, resident, kernels::needs_values(piece, resident, access), access != Access::read)
          .memory)};
}

void Queue::fetch(Resident& resident) { kernels::hold(*this, execution_, resident, true, false); }

Replica Queue::make_replica(std::size_t bytes) {
  CUdeviceptr memory;
  check(cuMemAlloc(&memory, bytes), "cuMemAlloc");
  auto download = [](const Replica& replica, void* to, std::size_t count, Execution& execution) -> Status {
    try {
      Queue queue(*static_cast<Device*>(const_cast<void*>(replica.device)), execution);
      queue.download(replica, to, count);
      queue.finish();
      return {};
    } catch (const Failure& failure) {
      return fail(*execution.text, failure.code(), "%s", failure.what());
    }
  };
  auto release = [](const Replica& replica) {
    // Perhaps at the end of the process, when the driver has gone and its memory with it.
    if (cuCtxPushCurrent(static_cast<const Device*>(replica.device)->context()) != CUDA_SUCCESS) return;
    cuMemFree(CUdeviceptr(replica.memory));
    CUcontext context;
    cuCtxPopCurrent(&context);
  };
  return {&device_, std::uintptr_t(memory), download, release};
}

void Queue::upload(const Replica& replica, void* from, std::size_t bytes) {
  move(CUdeviceptr(replica.memory), {from, bytes, 1, bytes, bytes}, false);
}

void Queue::download(const Replica& replica, void* to, std::size_t bytes) {
  move(CUdeviceptr(replica.memory), {to, bytes, 1, bytes, bytes}, true);
}

void Queue::move(CUdeviceptr memory, const kernels::Piece& piece, bool home) {
  Event begin = event_now();
  bytes_moved_ += kernels::in_slices(piece, execution_,
                                     [&](std::size_t row, std::size_t rows, std::size_t row_bytes, std::size_t pitch) {
                                       char* const host = static_cast<char*>(piece.data) + row * pitch;
                                       const CUdeviceptr there = memory + row * pitch;
                                       if (row_bytes == pitch) {
                                         check(home ? cuMemcpyDtoHAsync(host, there, rows * pitch, stream_.get())
                                                    : cuMemcpyHtoDAsync(there, host, rows * pitch, stream_.get()),
                                               home ? "cuMemcpyDtoHAsync" : "cuMemcpyHtoDAsync");
                                       } else {
                                         CUDA_MEMCPY2D copy = {};
                                         copy.srcMemoryType = home ? CU_MEMORYTYPE_DEVICE : CU_MEMORYTYPE_HOST;
                                         copy.dstMemoryType = home ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
                                         (home ? copy.dstHost : const_cast<void*&>(copy.srcHost)) = host;
                                         (home ? copy.srcDevice : copy.dstDevice) = there;
                                         copy.srcPitch = copy.dstPitch = pitch;
                                         copy.WidthInBytes = row_bytes;
                                         copy.Height = rows;
                                         check(cuMemcpy2DAsync(&copy, stream_.get()), "cuMemcpy2DAsync");
                                       }
                                       // The driver may still read the caller's memory, and a stop waits for one slice
                                       // at most.
                                       check(cuStreamSynchronize(stream_.get()), "cuStreamSynchronize");
                                     });
  transfers_.emplace_back(std::move(begin), event_now());
}

void Queue::launch(const kernels::Entry& entry, std::size_t groups, std::size_t group_size, void** values) {
  kernels::go_on(execution_);
  const CUfunction function = device_.function(entry);
  Event begin = event_now();
  check(cuLaunchKernel(function, unsigned(groups), 1, 1, unsigned(group_size), 1, 1, 0, stream_.get(), values, nullptr),
        "cuLaunchKernel");
  launches_.emplace_back(std::move(begin), event_now());
  // Two launches are under way at most: the device never waits for the host, and a stop waits for two slices.
  if (launches_.size() > 1)
    check(cuEventSynchronize(launches_[launches_.size() - 2].second.get()), "cuEventSynchronize");
}

void Queue::read(Pointer from, void* to, std::size_t bytes) {
  Event begin = event_now();
  check(cuMemcpyDtoHAsync(to, from.memory, bytes, stream_.get()), "cuMemcpyDtoHAsync");
  transfers_.emplace_back(std::move(begin), event_now());
  check(cuStreamSynchronize(stream_.get()), "cuStreamSynchronize");
  bytes_moved_ += bytes;
}

void Queue::finish() {
  for (const Placed& placed : placed_)
    if (placed.written) move(placed.memory, placed.piece, true);
  check(cuStreamSynchronize(stream_.get()), "cuStreamSynchronize");
  if (Clocks* const clocks = execution_.clocks) {
    clocks->device_seconds += seconds(launches_);
    clocks->transfer_seconds += seconds(transfers_);
    clocks->bytes_moved += bytes_moved_;
  }
}

}  // namespace flynn::cuda

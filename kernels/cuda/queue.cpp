#include <kernels/cuda/queue.hpp>

#include <kernels/on_queue.hpp>

namespace flynn::cuda {
namespace {

double seconds(const std::vector<Lane::Span>& spans) {
  double total = 0;
  for (const auto& [begin, end] : spans) {
    float milliseconds = 0;
    check(cuEventElapsedTime(&milliseconds, begin, end), "cuEventElapsedTime");
    total += 1e-3 * double(milliseconds);
  }
  return total;
}

std::unique_ptr<Lane> lane_of(Device& device) {
  if (auto lane = device.lanes().take()) return lane;
  CUstream stream;
  check(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
  return std::make_unique<Lane>(Stream(stream));
}

}  // namespace

Queue::Queue(Device& device, Execution& execution)
    : device_(device), execution_(execution), current_(device), lane_(lane_of(device)) {}

Queue::~Queue() {
  for (CUdeviceptr memory : lane_->memories) cuMemFreeAsync(memory, lane_->stream.get());
  if (!is_finished_) cuStreamSynchronize(lane_->stream.get());
  lane_->forget_call();
  if (is_finished_) device_.lanes().give_back(std::move(lane_));
}

CUevent Queue::event_now() {
  if (lane_->used_events == lane_->events.size()) {
    CUevent event;
    check(cuEventCreate(&event, CU_EVENT_DEFAULT), "cuEventCreate");
    lane_->events.emplace_back(event);
  }
  const CUevent event = lane_->events[lane_->used_events++].get();
  check(cuEventRecord(event, lane_->stream.get()), "cuEventRecord");
  return event;
}

CUfunction Queue::function(const kernels::Entry& entry) {
  for (const auto& [known, function] : lane_->functions)
    if (known.name == entry.name && known.type == entry.type && known.text == entry.text) return function;
  return lane_->functions.emplace_back(entry, device_.function(entry)).second;
}

Pointer Queue::create(std::size_t bytes) {
  CUdeviceptr memory;
  check(cuMemAllocAsync(&memory, bytes, lane_->stream.get()), "cuMemAllocAsync");
  lane_->memories.push_back(memory);
  return {memory};
}

Pointer Queue::place(const kernels::Piece& piece, Access access) {
  Placed* same = nullptr;
  for (Placed& other : lane_->placed)
    if (other.piece == piece) same = &other;
  if (!same) same = &lane_->placed.emplace_back(Placed{piece, create(piece.bytes).memory, false, false});
  if (access != Access::write && !same->filled) {
    move(same->memory, same->piece, false);
    same->filled = true;
  }
  same->written |= access != Access::read;
  return {same->memory};
}

Pointer Queue::hold(Resident& resident, const kernels::Piece& piece, Access access) {
  writes_at_home_ |= access != Access::read;
  return {CUdeviceptr(
      kernels::hold(*this, execution_, resident, kernels::needs_values(piece, resident, access), access != Access::read)
          .memory)};
}

void Queue::fetch(Resident& resident) { kernels::hold(*this, execution_, resident, true, false); }

Replica Queue::make_replica(std::size_t bytes) {
  CUdeviceptr memory;
  check(cuMemAlloc(&memory, bytes), "cuMemAlloc");
  auto download = [](const Replica& replica, void* to, std::size_t count, Execution& execution) {
    auto device = [&]() -> Device& { return *static_cast<Device*>(const_cast<void*>(replica.device)); };
    return kernels::on_queue<Queue>(execution, device, [&](Queue& queue) { queue.download(replica, to, count); });
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
  const CUevent begin = event_now();
  bytes_moved_ += kernels::in_slices(piece, execution_,
                                     [&](std::size_t row, std::size_t rows, std::size_t row_bytes, std::size_t pitch) {
                                       char* const host = static_cast<char*>(piece.data) + row * pitch;
                                       const CUdeviceptr there = memory + row * pitch;
                                       if (row_bytes == pitch) {
                                         check(home ? cuMemcpyDtoHAsync(host, there, rows * pitch, lane_->stream.get())
                                                    : cuMemcpyHtoDAsync(there, host, rows * pitch, lane_->stream.get()),
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
                                         check(cuMemcpy2DAsync(&copy, lane_->stream.get()), "cuMemcpy2DAsync");
                                       }
                                       // The driver may still read the caller's memory, and a stop waits for one slice
                                       // at most.
                                       check(cuStreamSynchronize(lane_->stream.get()), "cuStreamSynchronize");
                                     });
  lane_->transfers.emplace_back(begin, event_now());
}

void Queue::launch(const kernels::Entry& entry, std::size_t groups, std::size_t group_size, void** values) {
  kernels::go_on(execution_);
  const CUfunction function = this->function(entry);
  const CUevent begin = event_now();
  check(cuLaunchKernel(function, unsigned(groups), 1, 1, unsigned(group_size), 1, 1, 0, lane_->stream.get(), values,
                       nullptr),
        "cuLaunchKernel");
  launched(begin);
}

/// Two launches are under way at most: the device never waits for the host, and a stop waits for two slices.
void Queue::launched(CUevent begin) {
  if (writes_at_home_) execution_.outputs_kept = false;
  std::vector<Lane::Span>& launches = lane_->launches;
  launches.emplace_back(begin, event_now());
  if (launches.size() > 1) check(cuEventSynchronize(launches[launches.size() - 2].second), "cuEventSynchronize");
}

void Queue::read(Pointer from, void* to, std::size_t bytes) {
  const CUevent begin = event_now();
  execution_.outputs_kept = false;
  check(cuMemcpyDtoHAsync(to, from.memory, bytes, lane_->stream.get()), "cuMemcpyDtoHAsync");
  lane_->transfers.emplace_back(begin, event_now());
  check(cuStreamSynchronize(lane_->stream.get()), "cuStreamSynchronize");
  bytes_moved_ += bytes;
}

void Queue::finish() {
  for (const Placed& placed : lane_->placed) {
    if (!placed.written) continue;
    execution_.outputs_kept = false;
    move(placed.memory, placed.piece, true);
  }
  check(cuStreamSynchronize(lane_->stream.get()), "cuStreamSynchronize");
  if (Clocks* const clocks = execution_.clocks) {
    clocks->device_seconds += seconds(lane_->launches);
    clocks->transfer_seconds += seconds(lane_->transfers);
    clocks->bytes_moved += bytes_moved_;
  }
  is_finished_ = true;
}

}  // namespace flynn::cuda

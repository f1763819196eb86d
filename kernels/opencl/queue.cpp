#include <kernels/opencl/queue.hpp>

#include <algorithm>

#include <kernels/on_queue.hpp>

namespace flynn::opencl {
namespace {

double seconds(const std::vector<Event>& events) {
  cl_ulong total = 0;
  for (const Event& event : events) {
    cl_ulong start = 0, end = 0;
    check(clGetEventProfilingInfo(event.get(), CL_PROFILING_COMMAND_START, sizeof start, &start, nullptr),
          "clGetEventProfilingInfo");
    check(clGetEventProfilingInfo(event.get(), CL_PROFILING_COMMAND_END, sizeof end, &end, nullptr),
          "clGetEventProfilingInfo");
    total += end - start;
  }
  return 1e-9 * double(total);
}

}  // namespace

namespace {

std::unique_ptr<Lane> lane_of(Device& device) {
  if (auto lane = device.lanes().take()) return lane;
  cl_int error;
  CommandQueue queue(clCreateCommandQueue(device.context(), device.id(), CL_QUEUE_PROFILING_ENABLE, &error));
  check(error, "clCreateCommandQueue");
  return std::make_unique<Lane>(std::move(queue));
}

}  // namespace

Queue::Queue(Device& device, Execution& execution) : device_(device), execution_(execution), lane_(lane_of(device)) {}

Queue::~Queue() {
  if (!is_finished_) clFinish(lane_->queue.get());
  lane_->forget_call();
  if (is_finished_) device_.lanes().give_back(std::move(lane_));
}

/// 2^21 elements are 50 MB at most (triad f64), 10 ms at 5 GB/s, which a CPU has for each of its cores. A GPU is at
/// least ten times as fast.
std::size_t Queue::slice() const {
  return is_cpu() ? std::size_t{device_.facts().compute_units} << 21 : std::size_t{1} << 25;
}

std::size_t Queue::map_group() const { return std::min<std::size_t>(device_.limits().group_items, 256); }

Memory Queue::make_memory(std::size_t bytes, cl_mem_flags flags, void* host) {
  if (bytes > device_.limits().buffer_bytes)
    throw Failure(Code::out_of_memory, "%s: a buffer of %zu bytes; it takes %zu at most", device_.facts().name, bytes,
                  device_.limits().buffer_bytes);
  cl_int error;
  Memory memory(clCreateBuffer(device_.context(), flags, bytes, host, &error));
  check(error, "clCreateBuffer");
  return memory;
}

Pointer Queue::create(std::size_t bytes, cl_mem_flags flags, void* host) {
  return {lane_->memories.emplace_back(make_memory(bytes, flags, host)).get()};
}

Pointer Queue::place(const kernels::Piece& piece, Access access) {
  bool shares = false;
  Placed* same = nullptr;
  for (Placed& other : lane_->placed) {
    if (other.piece == piece) same = &other;
    shares |= other.piece.overlaps(piece);
  }
  if (!same) {
    // A CPU works where the data is, except that OpenCL leaves undefined what two buffers over shared memory do.
    const bool borrow = is_cpu() && !shares;
    const Pointer memory = borrow ? create(piece.bytes, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, piece.data)
                                  : create(piece.bytes, CL_MEM_READ_WRITE, nullptr);
    same = &lane_->placed.emplace_back(Placed{piece, memory.memory, borrow, borrow, false});
  }
  if (access != Access::write && !same->filled) {
    move(same->memory, same->piece, false);
    same->filled = true;
  }
  same->written |= access != Access::read;
  writes_at_home_ |= same->borrowed && same->written;
  return {same->memory};
}

Pointer Queue::hold(Resident& resident, const kernels::Piece& piece, Access access) {
  const Replica& replica = kernels::hold(*this, execution_, resident, kernels::needs_values(piece, resident, access),
                                         access != Access::read);
  writes_at_home_ |= access != Access::read;
  return {reinterpret_cast<cl_mem>(replica.memory)};
}

void Queue::fetch(Resident& resident) { kernels::hold(*this, execution_, resident, true, false); }

Replica Queue::make_replica(std::size_t bytes) {
  Memory memory = make_memory(bytes, CL_MEM_READ_WRITE, nullptr);
  auto download = [](const Replica& replica, void* to, std::size_t count, Execution& execution) {
    auto device = [&]() -> Device& { return *static_cast<Device*>(const_cast<void*>(replica.device)); };
    return kernels::on_queue<Queue>(execution, device, [&](Queue& queue) { queue.download(replica, to, count); });
  };
  auto release = [](const Replica& replica) { clReleaseMemObject(reinterpret_cast<cl_mem>(replica.memory)); };
  return {&device_, reinterpret_cast<std::uintptr_t>(memory.release()), download, release};
}

void Queue::upload(const Replica& replica, void* from, std::size_t bytes) {
  move(reinterpret_cast<cl_mem>(replica.memory), {from, bytes, 1, bytes, bytes}, false);
}

void Queue::download(const Replica& replica, void* to, std::size_t bytes) {
  move(reinterpret_cast<cl_mem>(replica.memory), {to, bytes, 1, bytes, bytes}, true);
}

void Queue::move(cl_mem memory, const kernels::Piece& piece, bool home) {
  bytes_moved_ += kernels::in_slices(
      piece, execution_, [&](std::size_t row, std::size_t rows, std::size_t row_bytes, std::size_t pitch) {
        move_rows(memory, static_cast<char*>(piece.data), row, rows, row_bytes, pitch, home);
      });
}

void Queue::move_rows(cl_mem memory, char* host, std::size_t row, std::size_t rows, std::size_t row_bytes,
                      std::size_t pitch, bool home) {
  cl_event event;
  if (row_bytes == pitch) {
    const std::size_t offset = row * pitch, bytes = rows * pitch;
    check(home ? clEnqueueReadBuffer(lane_->queue.get(), memory, CL_TRUE, offset, bytes, host + offset, 0, nullptr,
                                     &event)
               : clEnqueueWriteBuffer(lane_->queue.get(), memory, CL_TRUE, offset, bytes, host + offset, 0, nullptr,
                                      &event),
          home ? "clEnqueueReadBuffer" : "clEnqueueWriteBuffer");
  } else {
    const std::size_t origin[] = {0, row, 0}, region[] = {row_bytes, rows, 1};
    check(home ? clEnqueueReadBufferRect(lane_->queue.get(), memory, CL_TRUE, origin, origin, region, pitch, 0, pitch,
                                         0, host, 0, nullptr, &event)
               : clEnqueueWriteBufferRect(lane_->queue.get(), memory, CL_TRUE, origin, origin, region, pitch, 0, pitch,
                                          0, host, 0, nullptr, &event),
          home ? "clEnqueueReadBufferRect" : "clEnqueueWriteBufferRect");
  }
  lane_->transfers.emplace_back(event);
}

cl_kernel Queue::kernel(const kernels::Entry& entry) {
  for (const auto& [known, kernel] : lane_->kernels)
    if (known.name == entry.name && known.type == entry.type && known.text == entry.text) return kernel.get();
  const cl_kernel kernel = lane_->kernels.emplace_back(entry, device_.kernel(entry)).second.get();
  cl_ulong local = 0;
  check(clGetKernelWorkGroupInfo(kernel, device_.id(), CL_KERNEL_LOCAL_MEM_SIZE, sizeof local, &local, nullptr),
        "clGetKernelWorkGroupInfo");
  if (local > device_.limits().local_bytes)
    throw Failure(Code::unsupported, "%s has %zu bytes of local memory, and %.*s for %.*s needs %zu",
                  device_.facts().name, device_.limits().local_bytes, int(entry.text.size()), entry.text.data(),
                  int(entry.type.size()), entry.type.data(), std::size_t(local));
  return kernel;
}

void Queue::launch(const kernels::Entry& entry, std::size_t groups, std::size_t group_size, const Value* values,
                   std::size_t count) {
  kernels::go_on(execution_);
  if (group_size > device_.limits().group_items)
    throw Failure(Code::unsupported, "%s takes groups of %zu work-items at most, and %.*s needs %zu",
                  device_.facts().name, device_.limits().group_items, int(entry.text.size()), entry.text.data(),
                  group_size);
  const cl_kernel kernel = this->kernel(entry);
  for (std::size_t i = 0; i < count; ++i)
    check(clSetKernelArg(kernel, cl_uint(i), values[i].bytes, values[i].data), "clSetKernelArg");
  const std::size_t items = groups * group_size;
  cl_event event;
  check(clEnqueueNDRangeKernel(lane_->queue.get(), kernel, 1, nullptr, &items, &group_size, 0, nullptr, &event),
        "clEnqueueNDRangeKernel");
  lane_->launches.emplace_back(event);
  if (writes_at_home_) execution_.outputs_kept = false;
  // Two launches are under way at most: the device never waits for the host, and a stop waits for two slices.
  if (lane_->launches.size() > 1) {
    const cl_event before = lane_->launches[lane_->launches.size() - 2].get();
    check(clWaitForEvents(1, &before), "clWaitForEvents");
  }
}

void Queue::read(Pointer from, void* to, std::size_t bytes) {
  cl_event event;
  execution_.outputs_kept = false;
  check(clEnqueueReadBuffer(lane_->queue.get(), from.memory, CL_TRUE, 0, bytes, to, 0, nullptr, &event),
        "clEnqueueReadBuffer");
  lane_->transfers.emplace_back(event);
  bytes_moved_ += bytes;
}

void Queue::finish() {
  for (const Placed& placed : lane_->placed) {
    if (!placed.written) continue;
    execution_.outputs_kept = false;
    if (!placed.borrowed) {
      move(placed.memory, placed.piece, true);
      continue;
    }
    // Mapping makes what the device wrote visible; where the device is this CPU, it only waits.
    cl_int error;
    void* host = clEnqueueMapBuffer(lane_->queue.get(), placed.memory, CL_TRUE, CL_MAP_READ, 0, placed.piece.bytes, 0,
                                    nullptr, nullptr, &error);
    check(error, "clEnqueueMapBuffer");
    check(clEnqueueUnmapMemObject(lane_->queue.get(), placed.memory, host, 0, nullptr, nullptr),
          "clEnqueueUnmapMemObject");
  }
  check(clFinish(lane_->queue.get()), "clFinish");
  if (Clocks* const clocks = execution_.clocks) {
    clocks->device_seconds += seconds(lane_->launches);
    clocks->transfer_seconds += seconds(lane_->transfers);
    clocks->bytes_moved += bytes_moved_;
  }
  is_finished_ = true;
}

}  // namespace flynn::opencl

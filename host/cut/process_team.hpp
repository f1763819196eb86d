#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include <flynn/workloads.hpp>
#include <host/pools/process_pool.hpp>
#include <host/pools/worker.hpp>

namespace flynn {

/// Writes the pointers of a spec as places in shared memory: bytes from its begin instead of the address, and its id.
/// All of its data must be shared.
template <Spec W>
void encode(W& w) {
  w.each_buffer([](auto& view) {
    if (view.size() == 0) return;
    const SharedPlace place = *find_shared(view.data, view.footprint() * sizeof(*view.data));
    view.data = reinterpret_cast<decltype(view.data)>(place.offset);
    view.resident = reinterpret_cast<Resident*>(place.id);
  });
}

/// The other way round, in the worker.
template <Spec W>
void decode(W& w) {
  w.each_buffer([](auto& view) {
    if (view.size() == 0) return;
    char* const begin = shared_memory_here(reinterpret_cast<std::uint64_t>(view.resident));
    view.data = reinterpret_cast<decltype(view.data)>(begin + reinterpret_cast<std::size_t>(view.data));
    view.resident = nullptr;
  });
}

/// The workers of a process pool; see team.hpp.
class ProcessTeam {
 public:
  ProcessTeam(ProcessPool::Use& use, Execution& execution) : use_(use), execution_(execution) {}
  /// `execution.threads` becomes how many took part.
  ~ProcessTeam() { execution_.threads = use_.workers(); }
  ProcessTeam(const ProcessTeam&) = delete;

  unsigned threads() const { return execution_.threads; }

  template <class T>
  std::span<T> slots(std::size_t n) {
    return {static_cast<T*>(use_.scratch(n * sizeof(T))), n};
  }

  void read_ahead(std::size_t) {}  // nobody knows which worker takes a task

  template <class... Make>
  Status run(std::size_t parts, const Make&... make) {
    Status status;
    (void)((status = run_tasks(parts, make)).ok() && ...);
    return status;
  }

 private:
  template <class Make>
  Status run_tasks(std::size_t parts, const Make& make) {
    return use_.run(parts, [&](std::size_t i, Task& task) {
      auto spec = make(i);
      using W = decltype(spec);
      static_assert(sizeof spec <= sizeof task.argument);
      encode(spec);
      task.function = std::uint32_t(spec_index<W>());
      std::memcpy(task.argument, &spec, sizeof spec);
    });
  }

  ProcessPool::Use& use_;
  Execution& execution_;
};

}  // namespace flynn

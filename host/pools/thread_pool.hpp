#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace flynn {

/// A team of threads for fork and join. The caller is one of them; the others are pinned, each to a CPU of its own,
/// spin for `spin_ns` (spin.hpp) after a job in case the next one follows, and then sleep on a futex
/// (docs/adr/0003-spin-then-sleep.md).
///
/// Parts are fixed by the job and handed out by an atomic counter, so which thread runs which part is open and what a
/// part is never depends on it.
class ThreadPool {
 public:
  /// `threads` >= 1, the caller's included; `cpus` are pinned to in order, one of them is left to the caller. If the
  /// system refuses a thread, the pool is smaller.
  ThreadPool(unsigned threads, std::vector<int> cpus);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  unsigned size() const { return unsigned(workers_.size()) + 1; }

  /// Calls body(part) for every part in [0, parts), on at most `threads` threads, and returns when all are done; body
  /// must not throw. Inside a part, or while another thread uses the pool, the caller does all of it alone: nothing
  /// waits for anything, so nothing can deadlock. Returns how many threads took part.
  template <class Body>
  unsigned run(std::size_t parts, unsigned threads, const Body& body) {
    static_assert(std::is_nothrow_invocable_v<const Body&, std::size_t>);
    return run(
        parts, threads, [](const void* state, std::size_t part) { (*static_cast<const Body*>(state))(part); }, &body);
  }

 private:
  using PartFunction = void (*)(const void* state, std::size_t part);
  struct Worker {
    std::thread thread;
    int cpu = -1;  ///< -1: not pinned
  };
  struct alignas(64) Share {
    std::atomic<std::size_t> next{0};  ///< the first part that nobody has taken
    std::size_t end = 0;
  };

  unsigned run(std::size_t parts, unsigned threads, PartFunction function, const void* state);
  void take_parts(unsigned place);
  void work(unsigned place);
  bool try_enter();
  void leave();
  void open_job();
  void close_job();
  void leave_cpu_to_caller();
  void pin(Worker& worker, int cpu);

  std::vector<Worker> workers_;
  int caller_cpu_ = -1;  ///< the CPU that no worker is pinned to
  std::mutex use_;       ///< held by the caller whose job it is

  // The job. Written while it is closed, read by threads that have entered it.
  PartFunction function_ = nullptr;
  const void* state_ = nullptr;
  unsigned team_ = 0;          ///< how many threads may take part
  std::vector<Share> shares_;  ///< of the caller, then of each worker

  static constexpr std::uint32_t open_bit = 1u << 31;
  alignas(64) std::atomic<std::uint32_t> gate_{0};   ///< open_bit, and how many workers are inside
  std::atomic<unsigned> took_part_{0};               ///< how many threads ran a part of this job
  alignas(64) std::atomic<std::uint32_t> epoch_{0};  ///< counts jobs; workers wait for it to move
  std::atomic<std::uint32_t> sleepers_{0};
  std::atomic<bool> caller_sleeps_{false}, stop_{false};
};

}  // namespace flynn

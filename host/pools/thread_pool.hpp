#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <type_traits>
#include <vector>

#include <host/pools/seats.hpp>

namespace flynn {

/// A team of threads for fork and join. The caller is one of them; the others are pinned, each to a CPU of its own,
/// spin for `spin_ns` (spin.hpp) after a job in case the next one follows, and then sleep on a futex
/// (docs/adr/0003-spin-then-sleep.md).
///
/// Parts are fixed by the job and handed out by an atomic counter, so which thread runs which part is open and what a
/// part is never depends on it. Each thread begins with a share of its own, in the order of the seats: the threads of
/// the first NUMA node have the first parts. Then it takes what is left of the shares of its node, then of the others
/// (docs/adr/0011-topology.md).
class ThreadPool {
 public:
  /// `threads` >= 1, the caller's included; all but the caller are pinned to the CPUs of choose_seats(). If the system
  /// refuses a thread, the pool is smaller.
  /// @param nodes the node of each CPU; empty: there is one
  ThreadPool(unsigned threads, const std::vector<int>& cpus, const std::vector<int>& nodes = {});
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  unsigned size() const { return unsigned(workers_.size()) + 1; }
  bool spans_nodes() const { return seats_.front().node != seats_.back().node; }

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
    unsigned seat = 0;
  };
  struct alignas(64) Share {
    std::atomic<std::size_t> next{0};  ///< the first part that nobody has taken
    std::size_t end = 0;
    unsigned node_begin = 0, node_end = 0;  ///< the shares of its node
  };

  unsigned run(std::size_t parts, unsigned threads, PartFunction function, const void* state);
  void start(unsigned workers);
  void take_seats(const std::vector<int>& cpus, const std::vector<int>& nodes);
  void choose_team(unsigned team);
  void share_out(std::size_t parts);
  std::size_t order_parts(std::size_t parts, unsigned node_begin, unsigned node_end);
  const Seat& seat_of(unsigned share) const;
  unsigned share_of(unsigned seat) const;
  void take_parts(unsigned own);
  bool take_share(unsigned share);
  void work(unsigned index);
  bool try_enter();
  void leave();
  void open_job();
  void close_job();
  void leave_cpu_to_caller();
  void pin(Worker& worker, int cpu);

  std::vector<Worker> workers_;
  std::vector<Seat> seats_;   ///< as many as threads
  unsigned caller_seat_ = 0;  ///< the one that no worker has
  std::mutex use_;            ///< held by the caller whose job it is

  // The job. Written while it is closed, read by threads that have entered it.
  PartFunction function_ = nullptr;
  const void* state_ = nullptr;
  unsigned team_ = 0;               ///< how many threads may take part
  unsigned first_seat_ = 0;         ///< of the team; the others follow it
  std::vector<Share> shares_;       ///< of each thread of the team
  std::vector<std::size_t> order_;  ///< of the parts; empty: as they are numbered

  static constexpr std::uint32_t open_bit = 1u << 31;
  alignas(64) std::atomic<std::uint32_t> gate_{0};   ///< open_bit, and how many workers are inside
  std::atomic<unsigned> took_part_{0};               ///< how many threads ran a part of this job
  alignas(64) std::atomic<std::uint32_t> epoch_{0};  ///< counts jobs; workers wait for it to move
  std::atomic<std::uint32_t> sleepers_{0};
  std::atomic<bool> caller_sleeps_{false}, stop_{false};
};

/// While it lives, a job of this thread on a pool that spans nodes, and which has as many parts, begins each part on a
/// thread of the node that the part's memory is on. Only who runs a part changes by that.
class PartHomes {
 public:
  /// @param nodes the node of each part; below 0: unknown. Must live as long.
  explicit PartHomes(std::span<const int> nodes);
  ~PartHomes();
  PartHomes(const PartHomes&) = delete;
  PartHomes& operator=(const PartHomes&) = delete;

 private:
  std::span<const int> outer_;
};

}  // namespace flynn

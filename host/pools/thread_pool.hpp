#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <type_traits>
#include <vector>

#include <host/pools/cores.hpp>
#include <host/pools/seats.hpp>

namespace flynn {

/// A team of threads for fork and join. The caller is one of them; the others are pinned, each to a CPU of its own,
/// spin for `spin_ns` (spin.hpp) after a job in case the next one follows, and then sleep on a futex
/// (docs/adr/0003-spin-then-sleep.md).
///
/// Parts are fixed by the job, so which thread runs which part is open and what a part is never depends on it. Each
/// thread begins with a share of its own, in the order of the seats: the threads of the first NUMA node have the first
/// parts. Then it takes what is left of the shares of its node, then of the others (docs/adr/0011-topology.md). All
/// that a thread must know of a job is in one cache line of its own (docs/adr/0016-one-line-a-thread.md).
///
/// A job takes a core for each of its threads. Those of them for which there is none wait until there is, and when
/// another call needs one, a thread gives its own back after the part that it is in (docs/adr/0026-one-budget.md).
class ThreadPool {
 public:
  /// `threads` >= 1, the caller's included; all but the caller are pinned to the CPUs of choose_seats(). If the system
  /// refuses a thread, the pool is smaller.
  /// @param nodes the node of each CPU; empty: there is one
  /// @param cores what is shared with others; null: nothing is
  ThreadPool(unsigned threads, const std::vector<int>& cpus, const std::vector<int>& nodes = {},
             Cores* cores = nullptr);
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
    return run(parts, threads, &call<Body>, &body);
  }

 private:
  using PartFunction = void (*)(const void* state, std::size_t part);
  /// The caller's core has just written the body: its lines come one after the other unless all are asked for at once.
  template <class Body>
  static void call(const void* state, std::size_t part) {
    for (std::size_t offset = 0; offset < sizeof(Body); offset += 64)
      __builtin_prefetch(static_cast<const char*>(state) + offset);
    (*static_cast<const Body*>(state))(part);
  }
  struct Worker {
    std::thread thread;
    int cpu = -1;  ///< -1: not pinned
    unsigned seat = 0;
  };

  /// The share of a thread among those of the team, and those of its node.
  struct Place {
    std::uint16_t share, team, node_begin, node_end;
  };
  /// What a thread has to do in a job, and how far it is. Every job has a tag. The caller writes desks while no job is
  /// open: nothing in `next` can be taken then, so whoever comes late takes nothing, whatever else it has read.
  struct alignas(64) Desk {
    std::atomic<std::uint64_t> next{none};  ///< the tag << 32 | the first part of its share that is left, or `none`
    std::atomic<PartFunction> function{nullptr};
    std::atomic<const void*> state{nullptr};
    std::atomic<Place> place{Place{}};
    std::atomic<std::uint32_t> parts{0}, end{0};  ///< of the job, of the share
    std::atomic<std::uint32_t> tag{0};            ///< the job that this thread is asked to take part in
    std::atomic<std::uint32_t> progress{0};       ///< tag: at work in it; tag + `ran_none` or `ran_some`: no longer
    std::atomic<bool> has_core{true};             ///< else it must get one before it begins
  };
  /// What a thread has done of a job.
  struct Turn {
    bool any = false, gave_way = false;
  };
  static constexpr std::uint32_t none = ~0u, ran_none = 1, ran_some = 2, tag_step = 4;

  unsigned run(std::size_t parts, unsigned threads, PartFunction function, const void* state);
  void start(unsigned workers);
  void take_seats(const std::vector<int>& cpus, const std::vector<int>& nodes);
  void choose_team(unsigned team);
  void lay_out(std::size_t parts, PartFunction function, const void* state);
  std::size_t order_parts(std::size_t parts, unsigned node_begin, unsigned node_end);
  const Seat& seat_of(unsigned share) const;
  Desk& desk_of(unsigned share);
  void open_job();
  unsigned close_job();
  void wait_for(const Desk& desk);
  bool take_parts(Desk& own, std::uint32_t tag);
  void take_share(Desk& desk, const Desk& own, std::uint32_t tag, Turn& turn);
  void finish(Desk& own, std::uint32_t tag, bool any);
  void work(unsigned index);
  void wait_for_job(const Desk& own, std::uint32_t seen);
  bool gives_way(std::uint32_t tag);
  bool get_core(std::uint32_t tag);
  bool wait_for_core(const Desk& own, std::uint32_t tag);
  void leave_cpu_to_caller();
  void pin(Worker& worker, int cpu);

  std::vector<Worker> workers_;
  std::vector<Seat> seats_;   ///< as many as threads
  unsigned caller_seat_ = 0;  ///< the one that no worker has
  std::mutex use_;            ///< held by the caller whose job it is
  Cores* const cores_;

  std::vector<Desk> desks_;                          ///< of each worker, and the caller's is the last
  std::vector<std::atomic<std::uint32_t>> desk_at_;  ///< of each seat

  // The job.
  std::uint32_t tag_ = 0;
  unsigned team_ = 0;                           ///< how many threads may take part
  std::atomic<unsigned> first_seat_{0};         ///< of the team; the others follow it
  std::vector<std::size_t> order_;              ///< of the parts; empty: as they are numbered
  unsigned begin_cores_ = 0;                    ///< how many it had at first
  std::atomic<std::uint64_t> cores_of_job_{0};  ///< the tag << 32 | how many it has now; 0: it is over

  alignas(64) std::atomic<std::uint32_t> epoch_{0};  ///< counts jobs; workers that sleep wait for it to move
  std::atomic<std::uint32_t> sleepers_{0};
  alignas(64) std::atomic<bool> caller_sleeps_{false};
  std::atomic<bool> stop_{false};
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

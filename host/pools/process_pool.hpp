#pragma once
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <host/pools/board.hpp>
#include <host/pools/cores.hpp>
#include <host/pools/supervisor.hpp>

namespace flynn {

/// A team of worker processes for fork and join. The caller posts tasks on a board in shared memory and sleeps; workers
/// take them. A worker that dies costs the call that it worked for, and is replaced (docs/adr/0012-processes.md).
class ProcessPool {
 public:
  using Settings = Supervisor::Settings;

  /// Returns when the workers are ready. Throws Error `unavailable` when there is none, with the reason.
  /// @param cores what a call shares with others: as many workers take tasks as it gets; null: as many as it asks for
  explicit ProcessPool(Settings settings, Cores* cores = nullptr);
  ProcessPool(const ProcessPool&) = delete;

  /// The processes that are ready to work; for tests and tools.
  std::vector<pid_t> pids() const { return supervisor_.pids(); }

  /// Ends the workers that are there, and returns when they are gone. `why` must last.
  void renew(const char* why);

  /// The pool for one call.
  class Use;

 private:
  using Fill = void (*)(const void* state, std::size_t i, Task& task);

  Status run_round(std::size_t tasks, Execution& execution, CoreLease& cores);
  void post(std::size_t tasks, const Execution& execution, const CoreLease& cores);
  Status wait(std::size_t tasks, Execution& execution, CoreLease& cores);
  void adapt(const Execution& execution, CoreLease& cores);
  bool is_over(std::size_t tasks) const;
  bool find_lost(std::size_t tasks, std::string& how);
  void withdraw_ready(std::size_t tasks);
  void kill_holders(std::size_t tasks);

  const SharedMemory board_memory_;
  Board& board_;
  SharedMemory arena_;  ///< scratch memory that is kept from call to call
  std::mutex mutex_;
  std::condition_variable is_free_;
  bool is_used_ = false;  ///< by a call
  Cores* const cores_;
  Supervisor supervisor_;
};

class ProcessPool::Use {
 public:
  Use(ProcessPool& pool, Execution& execution);
  Use(const Use&) = delete;

  /// Waits for the calls of other threads, as long as the execution allows. Comes before all else.
  Status begin();
  ~Use();
  /// Memory that the workers share, with any values; the pool's again after the use. 64-byte aligned. Throws Error when
  /// there is none.
  void* scratch(std::size_t bytes);
  /// Lets the workers see shared memory of the caller. Throws Error.
  void share(const SharedPlace& place);
  /// Has fill(i, task) write each task, runs them, and returns when nobody works on any of them.
  template <class F>
  Status run(std::size_t tasks, const F& fill) {
    return run(
        tasks, [](const void* f, std::size_t i, Task& task) { (*static_cast<const F*>(f))(i, task); }, &fill);
  }
  /// How many workers took part in a run at most.
  unsigned workers() const { return workers_; }

 private:
  Status run(std::size_t tasks, Fill fill, const void* state);
  void keep_scratch();

  ProcessPool& pool_;
  Execution& execution_;
  bool has_begun_ = false;
  std::optional<CoreLease> cores_;      ///< since it has begun
  std::size_t used_ = 0;                ///< bytes of the pool's arena
  std::vector<SharedMemory> memories_;  ///< what the arena had no room for
  unsigned workers_ = 1;
};

}  // namespace flynn

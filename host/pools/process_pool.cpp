#include <algorithm>
#include <chrono>
#include <cstring>

#include <host/pools/process_pool.hpp>

namespace flynn {
namespace {

/// How often a caller that waits looks for a stop, a deadline and stopped workers.
constexpr std::int64_t tick_ns = 10'000'000, stopped_tick_ns = 50'000'000;
/// Kernels look for a stop every 10 ms. Who has not ended after this will not.
constexpr std::int64_t grace_ns = 500'000'000;
/// A process that was killed goes when its driver lets it.
constexpr std::int64_t renew_ns = 5'000'000'000;
/// What a pool keeps of the memory that calls needed. A larger piece costs more to fill than to get.
constexpr std::size_t most_kept = std::size_t{64} << 20;

std::size_t round_up(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

ProcessPool::ProcessPool(Settings settings, Cores* cores)
    : board_memory_(sizeof(Board)),
      board_(*new (board_memory_.data()) Board()),
      cores_(cores),
      supervisor_(std::move(settings), board_memory_, {.changed = [this] { board_.progress.ring(); }}) {
  if (!supervisor_.pids().empty()) return;
  throw Error(Code::unavailable, "no worker process: " + supervisor_.broken().value_or("none was ready within 5 s"),
              "processes", "install flynn anew, with all its files; look at the limits on processes (ulimit -u)");
}

void ProcessPool::renew(const char* why) {
  const std::vector<pid_t> old = supervisor_.pids();
  supervisor_.kill_all(why);
  const std::int64_t deadline = monotonic_ns() + renew_ns;
  while (monotonic_ns() < deadline) {
    const std::uint32_t progress = board_.progress.now();
    const std::vector<pid_t> now = supervisor_.pids();
    if (std::ranges::none_of(old, [&](pid_t pid) { return std::ranges::count(now, pid) > 0; })) return;
    board_.progress.wait(progress, tick_ns, 0);
  }
}

// ---- a round of at most Board::capacity tasks

Status ProcessPool::run_round(std::size_t tasks, Execution& execution, CoreLease& cores) {
  post(tasks, execution, cores);
  Status status = wait(tasks, execution, cores);
  const Failure& failure = board_.failure;
  if (status.ok() && failure.is_written.load(std::memory_order_acquire)) {
    *execution.text = failure.text;
    status = {failure.code};
  }
  return status;
}

void ProcessPool::post(std::size_t tasks, const Execution& execution, const CoreLease& cores) {
  board_.failure.claimed.store(0, std::memory_order_relaxed);
  board_.failure.is_written.store(0, std::memory_order_relaxed);
  board_.stop.store(0, std::memory_order_relaxed);
  board_.took_part.store(0, std::memory_order_relaxed);
  board_.deadline.store(execution.deadline, std::memory_order_relaxed);
  board_.bypass_caches.store(execution.bypass_caches, std::memory_order_relaxed);
  board_.team.store(supervisor_.team_of(cores.count()), std::memory_order_relaxed);
  board_.tasks.store(std::uint32_t(tasks), std::memory_order_relaxed);
  board_.remaining.store(std::uint32_t(tasks), std::memory_order_relaxed);
  for (std::size_t i = 0; i < tasks; ++i) board_.states[i].store(task_state(Phase::ready), std::memory_order_release);
  board_.begin.ring();
}

/// The caller sleeps, so it has no core of its own: the workers have all. One that is beyond the team stops when its
/// task is done.
void ProcessPool::adapt(const Execution& execution, CoreLease& cores) {
  cores.adapt(execution.threads);
  const unsigned team = supervisor_.team_of(cores.count());
  if (board_.team.exchange(team, std::memory_order_relaxed) < team) board_.begin.ring();
}

Status ProcessPool::wait(std::size_t tasks, Execution& execution, CoreLease& cores) {
  Status status;
  std::int64_t stopped_at = 0, next_look = monotonic_ns() + stopped_tick_ns;
  auto stop = [&](Status why) {
    if (status.ok()) status = why;
    if (stopped_at == 0) stopped_at = monotonic_ns();
    board_.stop.store(1, std::memory_order_relaxed);
    withdraw_ready(tasks);
  };
  for (std::string how;;) {
    const std::uint32_t progress = board_.progress.now();
    if (find_lost(tasks, how))
      stop(fail(*execution.text, Code::worker_died, "the worker process that had %s", how.c_str()));
    if (is_over(tasks)) return status;
    if (const auto broken = supervisor_.broken())
      stop(fail(*execution.text, Code::unavailable, "no worker process is left: %s", broken->c_str()));
    board_.progress.wait(progress, tick_ns, 0);  // without spinning: the workers have all cores
    if (const Status s = poll(execution); !s.ok()) stop(s);
    adapt(execution, cores);
    const std::int64_t now = monotonic_ns();
    if (stopped_at != 0 && now > stopped_at + grace_ns) kill_holders(tasks);
    if (now < next_look) continue;
    supervisor_.kill_stopped();
    next_look = now + stopped_tick_ns;
  }
}

bool ProcessPool::is_over(std::size_t tasks) const {
  return std::all_of(board_.states, board_.states + tasks, [](const std::atomic<TaskState>& state) {
    return phase_of(state.load(std::memory_order_acquire)) == Phase::done;
  });
}

/// Closes the tasks of workers that have ended.
bool ProcessPool::find_lost(std::size_t tasks, std::string& how) {
  bool any = false;
  for (std::size_t i = 0; i < tasks; ++i) {
    const TaskState state = board_.states[i].load(std::memory_order_acquire);
    if (phase_of(state) != Phase::taken) continue;
    const auto end = supervisor_.how_ended(worker_of(state));
    TaskState expected = state;  // it may have been done just before the end
    if (!end || !board_.states[i].compare_exchange_strong(expected, task_state(Phase::done))) continue;
    how = "part " + std::to_string(i + 1) + " of " + std::to_string(tasks) + " " + *end;
    any = true;
  }
  return any;
}

void ProcessPool::withdraw_ready(std::size_t tasks) {
  for (std::size_t i = 0; i < tasks; ++i) {
    TaskState expected = task_state(Phase::ready);
    board_.states[i].compare_exchange_strong(expected, task_state(Phase::done), std::memory_order_relaxed);
  }
}

void ProcessPool::kill_holders(std::size_t tasks) {
  for (std::size_t i = 0; i < tasks; ++i) {
    const TaskState state = board_.states[i].load(std::memory_order_relaxed);
    if (phase_of(state) == Phase::taken) supervisor_.kill(worker_of(state), "it did not stop when the call had to");
  }
}

// ---- a call

ProcessPool::Use::Use(ProcessPool& pool, Execution& execution) : pool_(pool), execution_(execution) {}

Status ProcessPool::Use::begin() {
  std::unique_lock lock(pool_.mutex_);
  while (!pool_.is_free_.wait_for(lock, std::chrono::nanoseconds(tick_ns), [this] { return !pool_.is_used_; }))
    if (const Status s = poll(execution_); !s.ok()) return s;
  has_begun_ = pool_.is_used_ = true;
  cores_.emplace(pool_.cores_, std::max(execution_.threads, 1u));
  pool_.supervisor_.begin_call();
  return {};
}

ProcessPool::Use::~Use() {
  if (!has_begun_) return;
  keep_scratch();
  {
    const std::lock_guard lock(pool_.mutex_);
    pool_.is_used_ = false;
  }
  pool_.is_free_.notify_one();
}

/// The next call of the same size finds room in the arena.
void ProcessPool::Use::keep_scratch() {
  std::size_t needed = used_;
  for (const SharedMemory& memory : memories_) needed += memory.bytes();
  if (memories_.empty() || needed > most_kept) return;
  memories_.clear();
  try {
    pool_.arena_ = SharedMemory();
    pool_.arena_ = SharedMemory(needed);
  } catch (const Error&) {
    // Then each call gets its own again.
  }
}

void* ProcessPool::Use::scratch(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  bytes = round_up(bytes);
  const SharedMemory* memory = &pool_.arena_;
  std::size_t offset = used_;
  if (bytes <= memory->bytes() - used_) {
    used_ += bytes;
  } else {
    memory = &memories_.emplace_back(bytes);
    offset = 0;
  }
  char* const data = static_cast<char*>(memory->data()) + offset;
  share(*find_shared(data, bytes));
  return data;
}

void ProcessPool::Use::share(const SharedPlace& place) {
  if (const int error = pool_.supervisor_.share(place))
    throw Error(Code::resource_exhausted, std::string("cannot pass shared memory to a worker: ") + std::strerror(error),
                "processes");
}

Status ProcessPool::Use::run(std::size_t tasks, Fill fill, const void* state) {
  for (std::size_t first = 0; first < tasks; first += Board::capacity) {
    const std::size_t count = std::min(Board::capacity, tasks - first);
    for (std::size_t i = 0; i < count; ++i) fill(state, first + i, pool_.board_.arguments[i]);
    if (Status s = pool_.run_round(count, execution_, *cores_); !s.ok()) return s;
    workers_ = std::max<unsigned>(workers_, pool_.board_.took_part.load(std::memory_order_relaxed));
  }
  return {};
}

}  // namespace flynn

#include <algorithm>
#include <cstdio>
#include <flynn/mp/process.hpp>
#include <host/mp/finished.hpp>
#include <host/mp/pool_core.hpp>
#include <host/mp/start.hpp>
#include <host/pools/insist.hpp>

namespace flynn::mp::detail {
namespace {

/// How long workers that have nothing to do may take to end.
constexpr std::int64_t goodbye_ns = 2'000'000'000;
std::atomic<std::uint64_t> last_serial{0};

std::vector<SharedPlace> places_of(const std::vector<flynn::detail::SharedRef>& memories) {
  std::vector<SharedPlace> places;
  for (const auto& memory : memories) places.push_back(place_of_all(*memory));
  return places;
}

SharedMemory make_board(unsigned workers, const PoolOptions& options, std::vector<flynn::detail::SharedRef>& shared,
                        KeptEnclosures& kept) {
  std::vector<Enclosure> enclosures;
  Writer counter({}, &shared, &enclosures);
  if (options.initializer) options.initializer.encode(counter);
  const std::size_t bytes = counter.used();
  SharedMemory memory(TaskBoard::bytes_for(workers, bytes));
  TaskBoard& board = *new (memory.data()) TaskBoard();
  board.workers = workers;
  board.cores = std::max(cpu_count() / workers, 1u);
  std::snprintf(board.owner, sizeof board.owner, "%s", current_process().name.c_str());
  board.is_traced = Trace::is_wanted();
  board.most_tasks = options.maxtasksperchild;
  if (!options.initializer) return memory;
  board.initializer = {.kind = Frame::Kind::call,
                       .bytes = bytes,
                       .code = options.initializer.code,
                       .target = options.initializer.target};
  seal(board.initializer);
  Writer out(board.initializer_bytes(), &shared, &enclosures);
  options.initializer.encode(out);
  kept = KeptEnclosures(enclosures);
  return memory;
}

}  // namespace

PoolCore::PoolCore(const PoolOptions& options)
    : workers_(options.processes > 0 ? options.processes : cpu_count()),
      serial_(++last_serial),
      board_memory_(make_board(workers_, options, initial_, enclosures_)),
      board_(*static_cast<TaskBoard*>(board_memory_.data())),
      is_used_(TaskBoard::capacity),
      oom_kills_(count_oom_kills()) {
  if (board_.is_traced) trace_.emplace();
  posted_.reserve(TaskBoard::capacity);
  kept_.reserve(TaskBoard::capacity);
  Start start = start_of(options.start_method.value_or(get_start_method()));
  supervisor_.emplace(
      Supervisor::Settings{
          .program = program_name(), .workers = workers_, .start = std::move(start), .shared = places_of(initial_)},
      board_memory_,
      Supervisor::Hooks{.changed =
                            [this] {
                              have_workers_changed_ = true;
                              board_.done.ring();
                            },
                        .ended = [this](const ProcessEnd& process) { ended(process); },
                        .heard = [this](std::uint32_t number, const Message& message, int file,
                                        int socket) { heard(number, message, file, socket); }});
  if (const auto broken = supervisor_->broken())
    throw Error(Code::unavailable, "no worker process: " + *broken, {},
                "look at the initializer, and at the limits on processes (ulimit -u) and files (ulimit -n)");
}

PoolCore::~PoolCore() {
  if (thread_.joinable()) thread_.detach();  // it is this one: see PoolHandle
}

// ---- for those who call

void PoolCore::submit(const std::shared_ptr<Batch>& batch, bool is_awaited) {
  must_be_here();
  std::unique_lock lock(mutex_);
  if (is_closed_)
    throw Error(Code::invalid_argument, "the pool takes no more tasks: it was closed or terminated", {},
                "make a new one");
  if (batch->tasks() == 0) return batch->all_are_over();
  const std::int64_t deadline = deadline_after(batch->options().timeout);
  has_deadlines_ |= deadline != no_deadline;
  const std::size_t before = waiting_.size();
  try {
    for (std::size_t task = 0; task < batch->tasks(); ++task) waiting_.push_back({batch, task, deadline});
  } catch (...) {
    waiting_.erase(waiting_.begin() + std::ptrdiff_t(before), waiting_.end());
    throw;
  }
  outstanding_ += batch->tasks();
  if (!is_pumped_) {
    is_pumped_ = true;
    lock.unlock();
    pump();
    lock.lock();
    is_pumped_ = false;
  } else {
    board_.done.ring(1);  // the pump puts it on the board
  }
  if (!is_awaited) wake_own_thread();
}

bool PoolCore::help_until(const std::function<bool()>& holds, std::int64_t deadline) {
  must_be_here();
  for (;;) {
    if (holds()) return true;
    if (monotonic_ns() >= deadline) return false;
    std::unique_lock lock(mutex_);
    if (!is_pumped_) {
      is_pumped_ = true;
      lock.unlock();
      for (;;) {
        const std::uint32_t seen = board_.done.now();
        pump();
        if (holds() || monotonic_ns() >= deadline) break;
        board_.done.wait(seen, std::clamp<std::int64_t>(deadline - monotonic_ns(), 1, wait_limit()));
      }
      lock.lock();
      is_pumped_ = false;
      if (outstanding_ > 0) wake_own_thread();
      continue;
    }
    lock.unlock();
    const std::uint32_t seen = finished().now();
    if (holds()) return true;
    finished().wait(seen, std::clamp<std::int64_t>(deadline - monotonic_ns(), 1, tick_ns));
  }
}

void PoolCore::call_later(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  insist([&] { callbacks_.push_back(std::move(callback)); });
  board_.done.ring();  // the own thread may be the pump
  wake_own_thread();
}

bool PoolCore::cancel(State& state) {
  must_be_here();
  std::unique_lock lock(mutex_);
  std::shared_ptr<Batch> batch;
  for (auto task = waiting_.begin(); task != waiting_.end() && !batch; ++task)
    if (task->batch.get() == &state && task->batch->tasks() == 1) {
      batch = std::move(task->batch);
      waiting_.erase(task);
      break;
    }
  for (Posted& posted : posted_) {
    if (batch || posted.batch.get() != &state || posted.batch->tasks() != 1 || !posted.is_shown) continue;
    TaskState expected = task_state(Phase::ready);
    if (!board_.states[posted.slot].compare_exchange_strong(expected, task_state(Phase::done))) return false;
    batch = std::move(posted.batch);
  }
  if (!batch) return false;
  --outstanding_;
  lock.unlock();
  batch->fail(cancelled("was cancelled before it began"));
  batch->task_is_over();
  return true;
}

void PoolCore::close() {
  must_be_here();
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
}

void PoolCore::terminate() {
  must_be_here();
  const std::lock_guard lock(mutex_);
  is_closed_ = is_terminated_ = true;
  if (!supervisor_) return;
  supervisor_->stop_replacing();
  supervisor_->kill_all("its pool was terminated");
  board_.done.ring();  // the pump cancels what is left
  if (outstanding_ > 0) wake_own_thread();
}

void PoolCore::cancel_waiting() {
  must_be_here();
  const std::lock_guard lock(mutex_);
  is_cancelling_ = is_closed_ = true;
  board_.done.ring();
  if (outstanding_ > 0) wake_own_thread();
}

void PoolCore::join() {
  must_be_here();
  {
    const std::lock_guard lock(mutex_);
    if (!is_closed_)
      throw Error(Code::invalid_argument, "join() needs close() or terminate() first: the pool still takes tasks");
  }
  help_until(
      [this] {
        const std::lock_guard lock(mutex_);
        return outstanding_ == 0;
      },
      no_deadline);
  end_workers();
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    changed_.notify_all();
    if (thread_.get_id() != std::this_thread::get_id()) thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
  const std::lock_guard lock(mutex_);
  if (callback_threw_) std::rethrow_exception(std::exchange(callback_threw_, nullptr));
}

/// Nothing is outstanding, and nothing will be.
void PoolCore::end_workers() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !is_pumped_; });
    if (!supervisor_) return;
    is_pumped_ = true;  // for ever
  }
  supervisor_->stop_replacing();
  board_.is_closing.store(1, std::memory_order_seq_cst);
  board_.work.ring();
  if (!supervisor_->all_end_within(goodbye_ns)) supervisor_->kill_all("it did not end with its pool");
  {
    const std::lock_guard lock(mutex_);
    supervisor_.reset();
  }
  take_ends();
  if (trace_) trace_->write();
  const std::lock_guard lock(mutex_);
  kept_.clear();
  is_pumped_ = false;
}

std::vector<pid_t> PoolCore::pids() const {
  must_be_here();
  const std::lock_guard lock(mutex_);
  return supervisor_ ? supervisor_->pids() : std::vector<pid_t>{};
}

// ---- the own thread: pumps when nobody else does, and calls back

void PoolCore::wake_own_thread() {
  if (!thread_.joinable() && !is_ending_) try {
      thread_ = std::thread([self = shared_from_this()] { self->own_thread(); });
    } catch (const std::system_error& error) {
      throw Error(Code::resource_exhausted, std::string("no thread for a pool: ") + error.what(), {},
                  "raise the limit on processes and threads (ulimit -u), or wait for results at once");
    }
  changed_.notify_all();
}

void PoolCore::own_thread() {
  for (std::unique_lock lock(mutex_);;) {
    changed_.wait(lock, [this] { return is_ending_ || !callbacks_.empty() || (outstanding_ > 0 && !is_pumped_); });
    if (!callbacks_.empty()) {
      auto callback = std::move(callbacks_.front());
      callbacks_.pop_front();
      lock.unlock();
      try {
        callback();
        callback = nullptr;  // what it holds goes without the lock too
        lock.lock();
      } catch (...) {
        lock.lock();
        if (!callback_threw_) callback_threw_ = std::current_exception();
      }
      continue;
    }
    if (is_ending_) return;
    is_pumped_ = true;
    while (outstanding_ > 0 && callbacks_.empty()) {
      const std::uint32_t seen = board_.done.now();
      lock.unlock();
      pump();
      lock.lock();
      if (outstanding_ == 0 || !callbacks_.empty()) break;
      lock.unlock();
      board_.done.wait(seen, wait_limit());
      lock.lock();
    }
    is_pumped_ = false;
    changed_.notify_all();
  }
}

// ---- the handle

PoolHandle::PoolHandle(const PoolOptions& options) : core_(std::make_shared<PoolCore>(options)) {}

PoolHandle::~PoolHandle() {
  if (!core_) return;
  if (!core_->is_here()) {
    new std::shared_ptr<PoolCore>(std::move(core_));  // kept for ever: its workers and threads are the other process's
    return;
  }
  for (const auto& step : {&PoolCore::terminate, &PoolCore::join}) try {
      (core_.get()->*step)();
    } catch (...) {
      // What a callback threw, of which join() tells who asks; or no thread for callbacks.
    }
}

std::shared_ptr<BatchEngine> PoolHandle::engine() const { return core_; }
void PoolHandle::close() { core_->close(); }
void PoolHandle::terminate() { core_->terminate(); }
void PoolHandle::join() { core_->join(); }
void PoolHandle::cancel_waiting() { core_->cancel_waiting(); }
std::vector<pid_t> PoolHandle::pids() const { return core_->pids(); }

}  // namespace flynn::mp::detail

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <host/detect/cgroup.hpp>
#include <host/mp/pool_core.hpp>
#include <host/pools/insist.hpp>
#include <host/pools/mappings.hpp>
#include <host/pools/protection.hpp>

// What a pool does with its board: it puts tasks on it, takes answers off it, and closes those of workers that have
// ended.

namespace flynn::mp::detail {
namespace {

/// What a pool keeps of the memory that large arguments needed.
constexpr std::size_t most_kept = std::size_t{128} << 20;
/// A task that has cost so many workers is not run again.
constexpr unsigned most_deaths = 2;

std::span<std::byte> bytes_in(const SharedMemory& memory) {
  return {static_cast<std::byte*>(memory.data()), memory.bytes()};
}

}  // namespace

Failure cancelled(const char* why) {
  return {.kind = Failure::Kind::cancelled, .code = Code::cancelled, .text = std::string("the task ") + why};
}

std::uint64_t count_oom_kills(const std::string& root) {
  std::uint64_t kills = 0;
  for (const flynn::detect::ControlGroup& group : flynn::detect::own_groups(root, "memory")) {
    const std::string name_of_counts = group.v2 ? "/memory.events" : "/memory.oom_control";
    std::FILE* const file = std::fopen((group.folder + name_of_counts).c_str(), "re");
    if (!file) continue;
    char name[64];
    for (unsigned long long count; std::fscanf(file, "%63s %llu", name, &count) == 2;)
      if (std::strcmp(name, "oom_kill") == 0) kills += count;
    std::fclose(file);
  }
  return kills;
}

// ---- the supervisor's thread

void PoolCore::heard(std::uint32_t number, const Message& message, int file, int socket) {
  if (message.kind == Message::Kind::want) send_enclosure(socket, message.id);
  if (message.kind == Message::Kind::parcel && file >= 0)
    insist([&] { add_mapping(sender(number), message.id, file, message.bytes); });
  else if (file >= 0)
    ::close(file);
  if (message.kind == Message::Kind::unmap) remove_mapping(sender(number), message.id);
}

void PoolCore::ended(const ProcessEnd& process) {
  std::string stack;
  bool is_oom = false;
  try {
    stack = take_stack(board_.crash(process.place));
    if (process.signal == SIGKILL) {
      const std::uint64_t kills = count_oom_kills();
      is_oom = protects("oom") && std::exchange(oom_kills_, kills) < kills;
    }
  } catch (const std::exception&) {
    // No memory: it is told without.
  }
  const std::lock_guard lock(ends_mutex_);
  insist([&] { ends_.push_back({process, stack, is_oom}); });
}

// ---- the pump

void PoolCore::pump_once() {
  take_ends();
  collect();
  expire();
  while (post_next()) {
  }
  if (const std::uint64_t losses = shared_memory_losses(); losses != losses_) {
    losses_ = losses;
    supervisor_->take_back_lost();
  }
  const std::int64_t now = monotonic_ns();
  if (now < next_stop_check_) return;
  next_stop_check_ = now + tick_ns;
  if (protects("stopped")) supervisor_->kill_stopped();
}

/// Whoever waits goes on in any case: where there is no memory now, the next turn does what is left.
void PoolCore::pump() {
  try {
    pump_once();
  } catch (const std::exception&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::int64_t PoolCore::wait_limit() const {
  std::int64_t first = tick_ns;
  const std::int64_t now = monotonic_ns();
  for (const Posted& posted : posted_)
    if (posted.deadline != no_deadline && !posted.is_late) first = std::min(first, posted.deadline - now);
  return std::max<std::int64_t>(first, 1);
}

/// Closes the tasks of workers that have ended.
void PoolCore::take_ends() {
  std::vector<End> ends;
  {
    const std::lock_guard lock(ends_mutex_);
    ends.swap(ends_);
  }
  if (ends.empty()) return;
  collect();  // what they had finished
  for (const End& end : ends) {
    for (Posted& posted : posted_) {
      TaskState expected = task_state(Phase::taken, end.process.number);
      if (protects("losses") && board_.states[posted.slot].compare_exchange_strong(expected, task_state(Phase::done)))
        lose(posted, end);
    }
    remove_mappings(sender(end.process.number));
  }
  // A worker that died between being woken and looking around may have been the only one that was.
  board_.work.ring();
}

/// Takes answers off the board.
void PoolCore::collect() {
  for (std::size_t i = 0; i < posted_.size();) {
    Posted& posted = posted_[i];
    const TaskState state = board_.states[posted.slot].load(std::memory_order_acquire);
    if (phase_of(state) == Phase::taken && posted.batch) {
      posted.batch->set_running();
      if (board_.slots[posted.slot].answered.load(std::memory_order_acquire) > 0) read(posted, worker_of(state));
    }
    if (phase_of(state) != Phase::done) {
      ++i;
      continue;
    }
    Posted over;
    {
      const std::lock_guard lock(mutex_);
      over = std::move(posted);
      if (i + 1 < posted_.size()) posted_[i] = std::move(posted_.back());
      posted_.pop_back();
    }
    if (over.batch) trace(over, false);
    if (over.batch) decode(over, worker_of(state));
    const std::lock_guard lock(mutex_);
    board_.states[over.slot].store(task_state(Phase::idle), std::memory_order_relaxed);
    is_used_[over.slot] = false;
    if (over.parcel) put_back(std::move(over.parcel));
  }
}

/// Before its batch is told: that may be the last thing a program waits for.
void PoolCore::trace(const Posted& posted, bool died) {
  if (!trace_) return;
  const TaskTimes times = board_.slots[posted.slot].times;
  insist([&] { trace_->add(posted.batch->describe(posted.task, {}), posted.sent, times, monotonic_ns(), died); });
}

void PoolCore::succeed(const Waiting& task) {
  {
    const std::lock_guard lock(mutex_);
    --outstanding_;
  }
  task.batch->task_is_over();
}

void PoolCore::fail(const Waiting& task, const std::function<Failure()>& make) {
  task.batch->fail(insist([&] {
    Failure failure = make();
    if (failure.task.empty()) failure.task = task.batch->describe(task.task, {});
    return failure;
  }));
  succeed(task);
}

/// Its worker has ended.
void PoolCore::lose(Posted& posted, const End& end) {
  trace(posted, true);
  Waiting task;
  {
    const std::lock_guard lock(mutex_);
    task = std::move(posted);
    if (!is_terminated_ && !posted.is_late && task.deaths < task.batch->options().retries &&
        (task.deaths + 1 < most_deaths || !protects("quarantine"))) {
      ++task.deaths;
      insist([&] { waiting_.push_front(task); });
      return;
    }
  }
  fail(task, [&] {
    if (posted.is_late) return late(*task.batch, task.task);
    return is_terminated_ ? why_over(task) : loss_of(task, end);
  });
}

Failure PoolCore::loss_of(const Waiting& task, const End& end) {
  Failure failure{.kind = Failure::Kind::died,
                  .code = Code::worker_died,
                  .task = task.batch->describe(task.task, {}),
                  .worker = end.process.pid,
                  .signal = end.process.signal,
                  .exit_code = end.process.exit_code,
                  .stack = end.stack,
                  .oom_suspected = end.oom_suspected};
  failure.text =
      failure.task + " was lost: its worker process " + std::to_string(end.process.pid) + " " + end.process.words;
  if (end.oom_suspected) {
    failure.text += ", perhaps by the kernel for want of memory";
    failure.hint = "raise the memory limit of the control group, or use fewer processes or smaller tasks";
  }
  if (task.deaths + 1 >= most_deaths) failure.text += "; it has cost two workers and is not run again";
  return failure;
}

Failure PoolCore::late(const Batch& batch, std::size_t task) {
  return {.kind = Failure::Kind::timed_out,
          .code = Code::deadline_exceeded,
          .text = batch.describe(task, {}) + " was not done in its time"};
}

/// Takes back what has not begun and will not, and stops what has had its time.
void PoolCore::expire() {
  if (have_workers_changed_.exchange(false)) broken_ = supervisor_->broken();
  const std::int64_t now = monotonic_ns();
  std::vector<Waiting> over;
  {
    const std::lock_guard lock(mutex_);
    const bool is_end = is_terminated_ || is_cancelling_ || broken_;
    is_closed_ |= is_end;
    if (!is_end && !has_deadlines_) return;
    over.reserve(waiting_.size() + posted_.size());  // what has been taken out must not get lost
    const auto is_over = [&](const Waiting& task) { return is_end || task.deadline <= now; };
    const auto first_over = std::stable_partition(waiting_.begin(), waiting_.end(), std::not_fn(is_over));
    std::move(first_over, waiting_.end(), std::back_inserter(over));
    waiting_.erase(first_over, waiting_.end());
    for (Posted& posted : posted_) {
      if (!posted.batch || !is_over(posted)) continue;
      TaskState state = task_state(Phase::ready);
      if (board_.states[posted.slot].compare_exchange_strong(state, task_state(Phase::done))) {
        over.push_back(std::move(posted));
      } else if (phase_of(state) == Phase::taken && !posted.is_late && posted.deadline <= now) {
        posted.is_late = true;
        if (protects("deadline")) supervisor_->kill(worker_of(state), "the time of its task was over");
      }
    }
  }
  for (const Waiting& task : over) fail(task, [&] { return why_over(task); });
}

Failure PoolCore::why_over(const Waiting& task) const {
  if (is_terminated_) return cancelled("was cancelled: its pool was terminated");
  if (is_cancelling_) return cancelled("was cancelled: its executor was shut down");
  if (broken_)
    return {
        .kind = Failure::Kind::refused, .code = Code::unavailable, .text = "no worker process is left: " + *broken_};
  return late(*task.batch, task.task);
}

/// Puts the next task on the board, if there is one and room for it.
bool PoolCore::post_next() {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || posted_.size() == TaskBoard::capacity) return false;
    while (is_used_[cursor_]) cursor_ = (cursor_ + 1) % TaskBoard::capacity;
    is_used_[cursor_] = true;
    posted_.push_back({std::move(waiting_.front()), cursor_, ++sequence_, {}});
    waiting_.pop_front();
    cursor_ = (cursor_ + 1) % TaskBoard::capacity;
  }
  Posted& posted = posted_.back();
  auto& state = board_.states[posted.slot];
  Trail trail;
  try {
    trail = write(posted);
  } catch (...) {
    const Waiting task = std::move(posted);
    state.store(task_state(Phase::done), std::memory_order_relaxed);
    task.batch->fail(std::current_exception());
    succeed(task);
    return true;
  }
  {
    const std::lock_guard lock(mutex_);
    posted.is_shown = trail.bytes == 0;  // nobody cancels it while its numbers are copied
    if (trace_) posted.sent = monotonic_ns();
    state.store(task_state(Phase::ready), std::memory_order_release);
  }
  board_.work.ring(1);
  if (trail.bytes == 0) return true;
  Bell& called = board_.slots[posted.slot].called;
  copy_in_pieces(trail, bytes_in(*posted.parcel).data(), [&] { called.ring(1); });
  const std::lock_guard lock(mutex_);
  return posted.is_shown = true;
}

/// All but its trail, which it gives back.
Trail PoolCore::write(Posted& posted) {
  const Batch& batch = *posted.batch;
  Slot& slot = board_.slots[posted.slot];
  slot.times = {};
  slot.called.count.store(0, std::memory_order_relaxed);
  slot.answered.store(0, std::memory_order_relaxed);
  std::vector<flynn::detail::SharedRef> shared;
  std::vector<Enclosure> enclosures;
  Trail trail;
  const auto encode = [&](Writer& out) { batch.encode(posted.task, out); };
  const std::size_t used = write_small(encode, slot.bytes, &shared, &enclosures, trail);
  if (trail.bytes > 0) {
    posted.parcel = parcel_of(trail.bytes);
  } else if (used > Slot::room) {
    posted.parcel = parcel_of(used);
    Writer again(bytes_in(*posted.parcel), &shared, &enclosures);
    encode(again);
    if (!again.fits() || again.used() != used)
      throw Error(Code::invalid_argument, "an argument was written with two different sizes");
  }
  if (posted.parcel) give(*posted.parcel);
  for (const auto& memory : shared) give(*memory);
  if (!enclosures.empty()) posted.enclosures = KeptEnclosures(enclosures);
  slot.frame = {.kind = Frame::Kind::call,
                .sequence = posted.sequence,
                .bytes = used,
                .parcel = posted.parcel ? posted.parcel->id() : 0,
                .trail = trail.bytes,
                .code = batch.code(),
                .target = batch.target()};
  seal(slot.frame);
  return trail;
}

/// To all workers, if they do not have it.
void PoolCore::give(const SharedMemory& memory) {
  if (const int error = supervisor_->share(place_of_all(memory)))
    throw Error(Code::resource_exhausted,
                std::string("cannot pass the arguments to the workers: ") + std::strerror(error), {},
                "close files, or raise the limit on open files (ulimit -n)");
}

/// Memory for so many bytes: the smallest that is kept, or new.
std::shared_ptr<SharedMemory> PoolCore::parcel_of(std::size_t bytes) {
  auto best = kept_.end();
  for (auto parcel = kept_.begin(); parcel != kept_.end(); ++parcel)
    if ((*parcel)->bytes() >= bytes && (best == kept_.end() || (*parcel)->bytes() < (*best)->bytes())) best = parcel;
  if (best == kept_.end()) return std::make_shared<SharedMemory>(bytes);
  auto parcel = std::move(*best);
  kept_.erase(best);
  return parcel;
}

void PoolCore::put_back(std::shared_ptr<SharedMemory> parcel) {
  std::size_t kept = parcel->bytes();
  for (const auto& other : kept_) kept += other->bytes();
  if (kept <= most_kept && kept_.size() < kept_.capacity()) return kept_.push_back(std::move(parcel));
  parcel.reset();
  supervisor_->take_back_lost();
}

}  // namespace flynn::mp::detail

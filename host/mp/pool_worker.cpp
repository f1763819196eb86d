#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <host/detect/budget.hpp>
#include <host/mp/enclosures.hpp>
#include <host/mp/modules.hpp>
#include <host/mp/outbox.hpp>
#include <host/mp/pieces.hpp>
#include <host/mp/serve.hpp>
#include <host/mp/task_board.hpp>
#include <host/pools/child.hpp>
#include <host/pools/insist.hpp>
#include <host/pools/mappings.hpp>
#include <host/pools/worker_life.hpp>

namespace flynn::mp {
namespace {

class PoolWorker {
 public:
  PoolWorker(TaskBoard& board, const Message& welcome)
      : board_(board), place_(welcome.place), number_(welcome.number) {}

  [[noreturn]] void work() {
    report_crashes_to(board_.crash(place_));
    initialise();
    send_message(child_fd, {.kind = Message::Kind::hello});
    for (std::uint64_t done = 0;;) {
      const std::uint32_t seen = board_.work.now();
      if (work_on_next()) {
        if (++done == board_.most_tasks) end();
        continue;
      }
      if (board_.is_closing.load(std::memory_order_seq_cst)) end();
      flush_output();
      board_.work.wait(seen);
    }
  }

 private:
  [[noreturn]] static void end() {
    flush_output();
    _exit(0);
  }

  void initialise() {
    const Frame frame = board_.initializer;
    if (frame.code.module == 0) return;
    try {
      NoAnswer nothing;
      Reader in(board_.initializer_bytes(), the_pool, fetch_enclosure);
      call(frame, in, nothing);
    } catch (...) {
      const Failure failure = detail::current_failure();
      const std::string what = failure.causes.at(0).type + ": " + failure.causes[0].message;
      refuse("the initializer threw %s%s", what.c_str(), "");
    }
  }

  static void call(const Frame& frame, Reader& in, detail::Sink& out) {
    const auto run = reinterpret_cast<detail::Runner>(const_cast<void*>(detail::function_at(frame.code)));
    run(detail::function_at(frame.target), in, out);
  }

  /// Takes the first task that is ready, in the order of the board.
  bool work_on_next() {
    const std::uint32_t first = board_.first.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < TaskBoard::capacity; ++i) {
      const std::uint32_t slot = (first + i) % TaskBoard::capacity;
      TaskState expected = task_state(Phase::ready);
      if (board_.states[slot].load(std::memory_order_relaxed) != expected) continue;
      if (!board_.states[slot].compare_exchange_strong(expected, task_state(Phase::taken, number_),
                                                       std::memory_order_acquire, std::memory_order_relaxed))
        continue;
      board_.first.store((slot + 1) % TaskBoard::capacity, std::memory_order_relaxed);
      Slot& call = board_.slots[slot];
      if (board_.is_traced) call.times = {.begin = monotonic_ns(), .end = 0, .worker = getpid()};
      work_on(call);
      if (board_.is_traced) call.times.end = monotonic_ns();
      board_.states[slot].store(task_state(Phase::done, number_), std::memory_order_release);
      board_.done.ring();
      return true;
    }
    return false;
  }

  void work_on(Slot& slot) {
    const Frame frame = slot.frame;
    if (!is_sound(frame, frame.sequence, Slot::room) || frame.kind != Frame::Kind::call) _exit(damaged);
    std::span<const std::byte> bytes(slot.bytes), parcel;
    if (frame.parcel != 0) parcel = find_mapping(the_pool, frame.parcel);
    if (frame.is_in_parcel()) bytes = parcel;
    if (frame.bytes > bytes.size() || frame.trail > parcel.size()) _exit(damaged);
    AwaitedPieces trail(parcel.first(std::size_t(frame.trail)), slot.called);
    Answer answer(slot, frame.sequence, outbox_, board_.done);
    try {
      Reader in(bytes.first(std::size_t(frame.bytes)), the_pool, fetch_enclosure, frame.trail > 0 ? &trail : nullptr);
      call(frame, in, answer);
    } catch (...) {
      insist([&] {
        Failure failure = detail::current_failure();
        failure.worker = getpid();
        answer.write_failure(failure);
      });
    }
  }

  TaskBoard& board_;
  const std::uint32_t place_, number_;
  Outbox outbox_;
};

}  // namespace

void work_for_pool(const Message& welcome, int memory) {
  void* const board =
      mmap(nullptr, std::size_t(welcome.bytes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory, 0);
  if (board == MAP_FAILED) _exit(no_pool);
  close(memory);
  TaskBoard& tasks = *static_cast<TaskBoard*>(board);
  detect::limit_budget(tasks.cores);
  set_process_name("PoolWorker-" + std::to_string(welcome.number), tasks.owner);
  try {
    PoolWorker(tasks, welcome).work();
  } catch (const std::exception& error) {
    refuse("the worker cannot go on: %s%s", error.what(), "");
  }
}

}  // namespace flynn::mp

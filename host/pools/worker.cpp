#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <thread>

#include <flynn/build_id.hpp>
#include <host/detect/cpu.hpp>
#include <host/pools/board.hpp>
#include <host/pools/child.hpp>
#include <host/pools/floating_point.hpp>
#include <host/pools/mappings.hpp>
#include <host/pools/scratch.hpp>
#include <host/pools/worker.hpp>
#include <host/pools/worker_life.hpp>

namespace flynn {
namespace {

/// The side of a worker on a board.
class Server {
 public:
  Server(Board& board, const Message& welcome, std::span<const WorkerFunction> functions)
      : board_(board), place_(welcome.place), number_(welcome.number), functions_(functions) {}

  [[noreturn]] void work() {
    const FloatingPointGuard floating_point;
    std::uint32_t seen = 0;
    for (;;) {
      while (board_.begin.now() == seen) board_.begin.wait(seen);
      seen = board_.begin.now();
      take_tasks();
    }
  }

 private:
  /// Begins with its own share, neighbours in memory, and goes on with what others have left.
  void take_tasks() {
    const std::uint32_t tasks = board_.tasks.load(std::memory_order_relaxed),
                        team = board_.team.load(std::memory_order_relaxed);
    if (place_ >= team) return;
    const std::uint32_t first = std::uint32_t(std::uint64_t{tasks} * place_ / team);
    bool any = false;
    // The team may become smaller meanwhile: another call needs a core.
    for (std::uint32_t i = 0; i < tasks && place_ < board_.team.load(std::memory_order_relaxed); ++i) {
      const std::uint32_t slot = first + i < tasks ? first + i : first + i - tasks;
      TaskState expected = task_state(Phase::ready);
      if (board_.states[slot].load(std::memory_order_relaxed) != expected) continue;
      if (!board_.states[slot].compare_exchange_strong(expected, task_state(Phase::taken, number_),
                                                       std::memory_order_acquire, std::memory_order_relaxed))
        continue;
      if (!any) board_.took_part.fetch_add(1, std::memory_order_relaxed);
      any = true;
      run(board_.arguments[slot]);
      board_.states[slot].store(task_state(Phase::done), std::memory_order_release);
      if (board_.remaining.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        board_.progress.ring();
      }
    }
  }

  void run(Task& task) {
    Text text;
    Execution execution{.text = &text,
                        .deadline = board_.deadline.load(std::memory_order_relaxed),
                        .stop_requested =
                            [](const void* board) {
                              return static_cast<const Board*>(board)->stop.load(std::memory_order_relaxed) != 0;
                            },
                        .stop_state = &board_,
                        .scratch = thread_scratch,
                        .bypass_caches = board_.bypass_caches.load(std::memory_order_relaxed) != 0,
                        .many_streams = detect::cpu().gains_from_streams};
    Status status = poll(execution);
    if (status.ok())
      status = task.function < functions_.size() ? functions_[task.function](task.argument, execution)
                                                 : Status{Code::unsupported};
    if (!status.ok()) report(status, text);
  }

  void report(Status status, const Text& text) {
    Failure& failure = board_.failure;
    if (failure.claimed.exchange(1, std::memory_order_acq_rel)) return;
    failure.code = status.code;
    failure.text = text;
    failure.is_written.store(1, std::memory_order_release);
    board_.stop.store(1, std::memory_order_relaxed);  // the others need not begin
  }

  Board& board_;
  const std::uint32_t place_, number_;
  const std::span<const WorkerFunction> functions_;
};

}  // namespace

char* shared_memory_here(std::uint64_t id) {
  const std::span<std::byte> memory = find_mapping(the_pool, id);
  if (memory.empty()) _exit(no_pool);  // the call fails with this worker; a new one has room again
  return reinterpret_cast<char*>(memory.data());
}

void serve(int count, char** arguments, std::span<const WorkerFunction> functions) {
  if (count != 3) _exit(no_pool);
  settle_in(pid_t(std::strtol(arguments[2], nullptr, 10)));
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (std::strcmp(arguments[1], FLYNN_BUILD_ID) != 0)
    refuse("it was built as %s, the library as %s", FLYNN_BUILD_ID, arguments[1]);
  int file;
  const Message welcome = receive_welcome(file);
  if (welcome.kind != Message::Kind::board || file < 0) _exit(no_pool);
  void* const memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
  if (memory == MAP_FAILED) _exit(no_pool);
  close(file);
  std::thread(watch_program).detach();
  send_message(child_fd, {.kind = Message::Kind::hello});
  Server(*static_cast<Board*>(memory), welcome, functions).work();
}

}  // namespace flynn

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include <flynn/build_id.hpp>
#include <host/pools/board.hpp>
#include <host/pools/child.hpp>
#include <host/pools/floating_point.hpp>
#include <host/pools/scratch.hpp>
#include <host/pools/spin.hpp>
#include <host/pools/worker.hpp>

namespace flynn {
namespace {

constexpr int no_pool = 69, wrong_build = 70;  // exit codes: what the pool started cannot serve it

/// The shared memory that the pool has sent.
class Mappings {
 public:
  void add(std::uint64_t id, int file, std::size_t bytes) {
    // Its page table is filled at once: a fault for each page would cost more than reading it.
    void* const data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
    close(file);
    if (data == MAP_FAILED) _exit(no_pool);  // the call fails with this worker; a new one has room again
    const std::lock_guard lock(mutex_);
    all_[id] = {static_cast<char*>(data), bytes};
    changed_.notify_all();
  }
  void remove(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto place = all_.find(id);
    if (place == all_.end()) return;
    munmap(place->second.data, place->second.bytes);
    all_.erase(place);
  }
  char* begin_of(std::uint64_t id) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return all_.contains(id); });
    return all_.at(id).data;
  }

 private:
  struct Mapping {
    char* data;
    std::size_t bytes;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, Mapping> all_;
};

Mappings& mappings() {
  static Mappings& mappings = *new Mappings;
  return mappings;
}

/// Takes in what the pool sends. That the pool's end of the socket closes means that its process is gone: then this one
/// goes too, whatever its other thread is doing.
[[noreturn]] void watch_pool() {
  Message message;
  for (int file; receive_message(child_fd, message, file);) {
    if (message.kind == Message::Kind::map) mappings().add(message.id, file, message.bytes);
    if (message.kind == Message::Kind::unmap) mappings().remove(message.id);
  }
  _exit(0);
}

/// The side of a worker on a board.
class Server {
 public:
  Server(Board& board, const Message& welcome, std::span<const WorkerFunction> functions)
      : board_(board), place_(welcome.place), number_(welcome.number), functions_(functions) {}

  [[noreturn]] void work() {
    const FloatingPointGuard floating_point;
    std::uint32_t seen = 0;
    for (;;) {
      auto moved = [&] { return board_.epoch.load(std::memory_order_seq_cst) != seen; };
      if (!spin_until(spin_ns, moved)) {
        board_.sleepers.fetch_add(1, std::memory_order_seq_cst);
        while (!moved()) futex_wait(board_.epoch, seen, Waiters::all_processes);
        board_.sleepers.fetch_sub(1, std::memory_order_relaxed);
      }
      seen = board_.epoch.load(std::memory_order_acquire);
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
    for (std::uint32_t i = 0; i < tasks; ++i) {
      const std::uint32_t slot = first + i < tasks ? first + i : first + i - tasks;
      std::uint32_t expected = task_state(Phase::ready);
      if (board_.states[slot].load(std::memory_order_relaxed) != expected) continue;
      if (!board_.states[slot].compare_exchange_strong(expected, task_state(Phase::taken, number_),
                                                       std::memory_order_acquire, std::memory_order_relaxed))
        continue;
      if (!any) board_.took_part.fetch_add(1, std::memory_order_relaxed);
      any = true;
      run(board_.arguments[slot]);
      board_.states[slot].store(task_state(Phase::done), std::memory_order_release);
      if (board_.remaining.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        board_.progress.fetch_add(1, std::memory_order_seq_cst);
        futex_wake_all(board_.progress, Waiters::all_processes);
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
                        .bypass_caches = board_.bypass_caches.load(std::memory_order_relaxed) != 0};
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

/// What a process needs to be a worker of the pool that started it, or the end of it.
void settle_in(int count, char** arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  // The parent may have gone before the first line. No answer is needed then.
  if (count != 3 || std::strtol(arguments[2], nullptr, 10) != long(getppid())) _exit(no_pool);
  if (std::strcmp(arguments[1], FLYNN_BUILD_ID) == 0) return;
  Message refusal{.kind = Message::Kind::refuse};
  std::snprintf(refusal.text, sizeof refusal.text, "it was built as %s, the library as %s", FLYNN_BUILD_ID,
                arguments[1]);
  send_message(child_fd, refusal);
  _exit(wrong_build);
}

}  // namespace

char* shared_memory_here(std::uint64_t id) { return mappings().begin_of(id); }

void serve(int count, char** arguments, std::span<const WorkerFunction> functions) {
  settle_in(count, arguments);
  Message welcome;
  int file;
  if (!receive_message(child_fd, welcome, file) || welcome.kind != Message::Kind::board || file < 0) _exit(no_pool);
  void* const memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
  if (memory == MAP_FAILED) _exit(no_pool);
  close(file);
  std::thread(watch_pool).detach();
  send_message(child_fd, {.kind = Message::Kind::hello});
  Server(*static_cast<Board*>(memory), welcome, functions).work();
}

}  // namespace flynn

#pragma once
// What a process pool and its workers share: the board, on which the pool posts the tasks of a call, and the messages
// on the socket of each worker. No locks: a process may die at any instruction.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <flynn/execution.hpp>

namespace flynn {

/// A task: which function, and its argument, whose pointers into shared memory are written as {id, offset}.
struct Task {
  std::uint32_t function;
  alignas(16) std::byte argument[480];
};

/// A task's state is {number of the worker that has it, phase}. Only the pool makes it `ready`, only one worker wins
/// the exchange to `taken`, and only that one makes it `done`; so when a worker dies, it is known what it had.
enum class Phase : std::uint32_t { idle, ready, taken, done };

constexpr std::uint32_t task_state(Phase phase, std::uint32_t worker = 0) { return worker << 2 | std::uint32_t(phase); }
constexpr Phase phase_of(std::uint32_t state) { return Phase(state & 3); }
constexpr std::uint32_t worker_of(std::uint32_t state) { return state >> 2; }

/// The first failure of a round. Who exchanges `claimed` writes the rest, and then `is_written`.
struct Failure {
  std::atomic<std::uint32_t> claimed, is_written;
  Code code;
  Text text;
};

struct Board {
  static constexpr std::size_t capacity = 1024;

  // The round: written by the pool before it moves `epoch`.
  std::atomic<std::uint32_t> tasks;  ///< how many of the task slots it uses
  std::atomic<std::uint32_t> team;   ///< workers from this place on keep out
  std::atomic<std::uint32_t> bypass_caches;
  std::atomic<std::int64_t> deadline;
  Failure failure;
  alignas(64) std::atomic<std::uint32_t> epoch;     ///< counts rounds; workers wait for it to move
  std::atomic<std::uint32_t> sleepers;              ///< workers that wait in the kernel (a hint: it may be too large)
  alignas(64) std::atomic<std::uint32_t> progress;  ///< moves when a round may be over; the pool waits for it to move
  std::atomic<std::uint32_t> remaining;             ///< tasks that are not done (a hint: the states tell)
  std::atomic<std::uint32_t> took_part;             ///< workers that ran a task of this round
  alignas(64) std::atomic<std::uint32_t> stop;      ///< 1: what runs shall end, what is ready need not begin
  alignas(64) std::atomic<std::uint32_t> states[capacity];
  Task arguments[capacity];
};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

/// From the pool to a worker; a descriptor comes with `board` and `map`. From a worker to the pool: `hello`, or
/// `refuse` with a reason.
struct Message {
  enum class Kind : std::uint32_t { board, map, unmap, hello, refuse } kind;
  std::uint32_t place = 0;   ///< board: of the worker in the team
  std::uint32_t number = 0;  ///< board: of the worker among all that the pool ever started
  std::uint64_t id = 0;      ///< map, unmap: of the shared memory
  std::uint64_t bytes = 0;
  char text[128] = {};  ///< refuse
};

/// Sends a message with a descriptor, or with none for -1; never waits. 0 or an error of errno.
int send_message(int socket, const Message& message, int descriptor = -1);
/// Waits for a message. False when the other side is gone. `descriptor` is -1 when none came.
bool receive_message(int socket, Message& message, int& descriptor);

}  // namespace flynn

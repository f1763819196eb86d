#pragma once
// What a process pool and its workers share: the board, on which the pool posts the tasks of a call. No locks: a
// process may die at any instruction.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <flynn/execution.hpp>
#include <host/pools/bell.hpp>
#include <host/pools/task_state.hpp>

namespace flynn {

/// A task: which function, and its argument, whose pointers into shared memory are written as {id, offset}.
struct Task {
  std::uint32_t function;
  alignas(16) std::byte argument[480];
};

/// The first failure of a round. Who exchanges `claimed` writes the rest, and then `is_written`.
struct Failure {
  std::atomic<std::uint32_t> claimed, is_written;
  Code code;
  Text text;
};

struct Board {
  static constexpr std::size_t capacity = 1024;

  // The round: written by the pool before it rings `begin`.
  std::atomic<std::uint32_t> tasks;  ///< how many of the task slots it uses
  std::atomic<std::uint32_t> team;   ///< workers from this place on keep out
  std::atomic<std::uint32_t> bypass_caches;
  std::atomic<std::int64_t> deadline;
  Failure failure;
  alignas(64) Bell begin;                       ///< of a round; the workers wait for it
  alignas(64) Bell progress;                    ///< a round may be over; the pool waits for it
  std::atomic<std::uint32_t> remaining;         ///< tasks that are not done (a hint: the states tell)
  std::atomic<std::uint32_t> took_part;         ///< workers that ran a task of this round
  alignas(64) std::atomic<std::uint32_t> stop;  ///< 1: what runs shall end, what is ready need not begin
  alignas(64) std::atomic<TaskState> states[capacity];
  Task arguments[capacity];
};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

}  // namespace flynn

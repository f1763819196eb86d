#pragma once
// What a pool and its workers share. As on the board of the processes backend (host/pools/board.hpp) a task's state
// says who has it; here tasks come and go one by one.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <host/mp/crash.hpp>
#include <host/mp/frame.hpp>
#include <host/mp/trace.hpp>
#include <host/pools/bell.hpp>
#include <host/pools/task_state.hpp>

namespace flynn::mp {

/// A call, and then its answer.
struct Slot {
  static constexpr std::size_t room = 2048 - sizeof(Frame) - sizeof(TaskTimes) - sizeof(Bell) - 8;
  Frame frame;
  TaskTimes times;  ///< of a board that is traced
  Bell called;      ///< counts the pieces of the call's trail
  /// The same of the answer's; while it is not 0, the frame is that of the answer.
  alignas(8) std::atomic<std::uint32_t> answered;
  std::byte bytes[room];
};

struct TaskBoard {
  static constexpr std::uint32_t capacity = 256;

  // Written before there are workers.
  std::uint32_t workers;
  std::uint32_t cores;  ///< that each of them may keep busy
  char owner[64];       ///< the name of the process that has the pool
  bool is_traced;
  std::uint64_t most_tasks;  ///< after which a worker makes room for a new one; 0: any number
  Frame initializer;         ///< a call that each worker makes first; its bytes come last. None if it has no code.

  alignas(64) Bell work;  ///< there are tasks, or `is_closing`
  std::atomic<std::uint32_t> is_closing;
  alignas(64) std::atomic<std::uint32_t> first;  ///< where tasks are ready (a hint)
  alignas(64) Bell done;                         ///< a task is done
  alignas(64) std::atomic<TaskState> states[capacity];
  alignas(64) Slot slots[capacity];

  CrashReport& crash(std::uint32_t place) { return reinterpret_cast<CrashReport*>(this + 1)[place]; }
  std::span<std::byte> initializer_bytes() {
    return {reinterpret_cast<std::byte*>(&crash(workers)), std::size_t(initializer.bytes)};
  }
  static std::size_t bytes_for(std::uint32_t workers, std::size_t initializer) {
    return sizeof(TaskBoard) + workers * sizeof(CrashReport) + initializer;
  }
};

static_assert(sizeof(Slot) == 2048);

/// Before the bytes of shared memory that a worker made for an answer.
struct ParcelHead {
  alignas(64) std::atomic<std::uint32_t> is_busy;  ///< the pool has not read it yet
};

}  // namespace flynn::mp

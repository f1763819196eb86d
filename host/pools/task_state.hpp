#pragma once
#include <cstdint>

namespace flynn {

/// Of a task on a board in shared memory: {number of the worker that has it, phase}. Only the pool makes it `ready`,
/// only one worker wins the exchange to `taken`, and only that one makes it `done`; so when a worker dies, it is known
/// what it had.
using TaskState = std::uint32_t;
enum class Phase : std::uint32_t { idle, ready, taken, done };

constexpr TaskState task_state(Phase phase, std::uint32_t worker = 0) { return worker << 2 | std::uint32_t(phase); }
constexpr Phase phase_of(TaskState state) { return Phase(state & 3); }
constexpr std::uint32_t worker_of(TaskState state) { return state >> 2; }

}  // namespace flynn

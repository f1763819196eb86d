#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <flynn/execution.hpp>
#include <flynn/view.hpp>

namespace flynn {

/// Where the shared memory with this id begins in this worker; waits until the pool has sent it.
char* shared_memory_here(std::uint64_t id);

/// What a pool may ask of its workers. It gets the argument as the task brought it.
using WorkerFunction = Status (*)(void* argument, Execution&);

/// A worker process: serves the pool on descriptor 3 until that is gone. `arguments` are those that the pool starts it
/// with: its own name, the build id, the number of the pool's process.
[[noreturn]] void serve(int count, char** arguments, std::span<const WorkerFunction> functions);

}  // namespace flynn

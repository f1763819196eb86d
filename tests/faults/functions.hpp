#pragma once
// What the test worker does on request. The product's worker has none of it.

#include <cstdint>
#include <cstring>

#include <host/pools/process_pool.hpp>

namespace flynn::faults {

enum class Do : std::uint32_t { add, sleep, spin, signal, store_to_null, exit, fail };

struct Argument {
  std::uint64_t id = 0;  ///< add, sleep, spin: shared memory in which element `i` is set to i + 1 at the begin
  std::size_t i = 0;
  std::int64_t number = 0;  ///< signal, exit: which; sleep: milliseconds
};

inline void write(Task& task, Do what, const Argument& argument) {
  task.function = std::uint32_t(what);
  std::memcpy(task.argument, &argument, sizeof argument);
}

}  // namespace flynn::faults

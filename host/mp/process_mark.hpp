#pragma once
#include <cstdint>

namespace flynn::mp {

/// A process by its number and the time of its start, which the next one with that number does not have.
struct ProcessMark {
  std::int32_t pid;
  std::uint32_t start;  ///< clock ticks since boot, without the upper bits
  bool operator==(const ProcessMark&) const = default;
};
static_assert(sizeof(ProcessMark) == 8);

/// This process. 2 ns after the first call of a thread.
ProcessMark this_process();
/// This thread, unlike any other in any process that runs; never 0.
std::uint64_t this_thread();
/// Whether it runs; one that has ended and waits for its parent does not. 15 us.
bool is_alive(ProcessMark mark);

}  // namespace flynn::mp

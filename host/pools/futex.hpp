#pragma once
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>

namespace flynn {

/// Who waits for the word: threads of this process, or whoever has mapped it.
enum class Waiters { this_process, all_processes };

/// Sleeps while `word` holds `expected`, at most `limit_ns` when that is not 0; may also return without a reason.
inline void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                       Waiters waiters = Waiters::this_process, std::int64_t limit_ns = 0) {
  const timespec limit = {time_t(limit_ns / 1'000'000'000), long(limit_ns % 1'000'000'000)};
  syscall(SYS_futex, &word, waiters == Waiters::this_process ? FUTEX_WAIT_PRIVATE : FUTEX_WAIT, expected,
          limit_ns > 0 ? &limit : nullptr, nullptr, 0);
}

inline void futex_wake(const std::atomic<std::uint32_t>& word, int most, Waiters waiters = Waiters::this_process) {
  syscall(SYS_futex, &word, waiters == Waiters::this_process ? FUTEX_WAKE_PRIVATE : FUTEX_WAKE, most, nullptr, nullptr,
          0);
}

inline void futex_wake_all(const std::atomic<std::uint32_t>& word, Waiters waiters = Waiters::this_process) {
  futex_wake(word, INT_MAX, waiters);
}

/// Tells the CPU that this thread spins.
inline void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace flynn

#pragma once
#include <atomic>
#include <cstdint>
#include <string>

#include <flynn/mp/callable.hpp>

namespace flynn::mp {

/// Where a process crashed, in memory that its parent sees.
struct CrashReport {
  static constexpr std::size_t most = 48;
  std::atomic<std::uint32_t> count;  ///< of the frames; 0: no crash
  detail::CodePlace frames[most];    ///< innermost first; without a module, an address
};

/// Loads what reports need, for this process and its copies.
void prepare_crash_reports();
/// From now on a crash of the calling thread (SEGV, BUS, FPE, ILL, ABRT) is reported there before it takes its course,
/// a stack overflow too.
void report_crashes_to(CrashReport& report);
/// For people, one line for each call; empty when there was none. Clears it.
std::string take_stack(CrashReport& report);

}  // namespace flynn::mp

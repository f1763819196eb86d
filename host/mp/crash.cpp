#include <execinfo.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <host/mp/crash.hpp>
#include <host/mp/modules.hpp>
#include <host/pools/protection.hpp>
#include <vector>

namespace flynn::mp {
namespace {

constexpr int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// What the handler may touch: nothing else is safe there. Set before it is installed, never freed.
CrashReport* where = nullptr;
const std::vector<LoadedModule>* modules = nullptr;

detail::CodePlace place_of_address(std::uintptr_t address) {
  for (const LoadedModule& module : *modules)
    if (module.begin <= address && address < module.end) return {module.id, address - module.base};
  return {0, address};
}

void on_crash(int signal, siginfo_t*, void*) {
  void* frames[CrashReport::most + 2];
  const int count = backtrace(frames, int(std::size(frames)));
  // Our own frame and the kernel's come first.
  const int own = std::min(count, 2);
  for (int i = own; i < count; ++i)
    where->frames[i - own] = place_of_address(reinterpret_cast<std::uintptr_t>(frames[i]));
  where->count.store(std::uint32_t(count - own), std::memory_order_release);
  ::signal(signal, SIG_DFL);
  raise(signal);  // taken when this handler returns: the process ends as it would have without us
}

}  // namespace

void prepare_crash_reports() {
  if (modules) return;
  modules = new std::vector<LoadedModule>(loaded_modules());
  void* frame;
  backtrace(&frame, 1);  // loads what it needs now
}

void report_crashes_to(CrashReport& report) {
  if (!protects("stack")) return;
  where = &report;
  prepare_crash_reports();
  static constexpr std::size_t stack_bytes = 64 << 10;
  static void* const memory = ::operator new(stack_bytes);  // until the process ends
  const stack_t stack = {.ss_sp = memory, .ss_flags = 0, .ss_size = stack_bytes};
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (int signal : crashes) sigaction(signal, &action, nullptr);
}

std::string take_stack(CrashReport& report) {
  const std::uint32_t count = std::min<std::uint32_t>(report.count.exchange(0), CrashReport::most);
  std::string text;
  for (std::uint32_t i = 0; i < count; ++i)
    text.append("#").append(std::to_string(i)).append(" ").append(words_of(report.frames[i])).append("\n");
  return text;
}

}  // namespace flynn::mp

// A worker like flynn-worker, whose tasks do what no task should.

#include <signal.h>
#include <unistd.h>

#include <host/pools/worker.hpp>
#include <tests/faults/functions.hpp>

namespace flynn::faults {
namespace {

void mark(const Argument& a) {
  if (a.id) reinterpret_cast<volatile std::uint64_t*>(shared_memory_here(a.id))[a.i] = a.i + 1;
}

Status add(void* argument, Execution&) {
  mark(*static_cast<Argument*>(argument));
  return {};
}

Status sleep(void* argument, Execution& execution) {
  const Argument& a = *static_cast<Argument*>(argument);
  mark(a);
  for (std::int64_t end = monotonic_ns() + a.number * 1'000'000; monotonic_ns() < end; usleep(1000))
    if (const Status s = poll(execution); !s.ok()) return s;
  return {};
}

Status spin(void* argument, Execution&) {
  mark(*static_cast<Argument*>(argument));
  for (;;) asm volatile("" ::: "memory");
}

Status signal(void* argument, Execution&) {
  raise(int(static_cast<Argument*>(argument)->number));
  return {};
}

Status store_to_null(void*, Execution&) {
  volatile int* volatile null = nullptr;
  *null = 1;
  return {};
}

Status exit(void* argument, Execution&) { ::exit(int(static_cast<Argument*>(argument)->number)); }

Status fail(void*, Execution& execution) {
  return flynn::fail(*execution.text, Code::unsupported, "no wish to do this");
}

constexpr WorkerFunction functions[] = {add, sleep, spin, signal, store_to_null, exit, fail};

}  // namespace
}  // namespace flynn::faults

int main(int count, char** arguments) { flynn::serve(count, arguments, flynn::faults::functions); }

// parent_program WORKER MODE: a program with a pool, for a test that kills it. Prints the numbers of its workers in a
// line and then waits for its end. MODE: idle, sleep, spin or stopped.

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include <tests/faults/functions.hpp>

int main(int count, char** arguments) {
  using namespace flynn;
  if (count != 3) return 2;
  const std::string mode = arguments[2];
  ProcessPool pool({.program = arguments[1], .workers = 4});
  SharedMemory memory(std::size_t{64} << 20);
  std::thread caller([&] {
    if (mode == "idle") return;
    Text text;
    Execution execution{.threads = 4, .text = &text};
    ProcessPool::Use use(pool, execution);
    if (!use.begin().ok()) return;
    use.share(*find_shared(memory.data(), memory.bytes()));
    (void)use.run(4, [&](std::size_t i, Task& task) {
      faults::write(task, mode == "spin" ? faults::Do::spin : faults::Do::sleep,
                    {.id = memory.id(), .i = i, .number = 60'000});
    });
  });
  if (mode != "idle")
    for (std::size_t i = 0; i < 4; ++i)
      while (static_cast<volatile std::uint64_t*>(memory.data())[i] == 0) usleep(100);
  for (pid_t pid : pool.pids()) {
    if (mode == "stopped") kill(pid, SIGSTOP);
    std::printf("%d ", int(pid));
  }
  std::puts("");
  std::fflush(stdout);
  caller.join();
  for (;;) pause();
}

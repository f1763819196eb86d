// mp_parent_program MODE: a program with a pool, for a test that kills it. Prints the numbers of its processes in a
// line and then waits for its end. MODE: idle, sleep, spin, stopped. Or without_init: prints the error and ends. Or
// cancels, cancels_slowly: a program that has its say when it is interrupted, as docs/mp.md shows.

#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

namespace {

void be_busy(int file, bool spins) {
  if (write(file, "x", 1) != 1) _exit(1);
  for (;;)
    if (!spins) pause();
}

int without_init() {
  try {
    mp::Pool pool(1);
  } catch (const flynn::Error& error) {
    std::puts(error.what());
    return 0;
  }
  return 1;
}

volatile std::sig_atomic_t stopped_by = 0;

/// The first signal asks to stop, the second one ends the program as if there were no handler.
void stop_on_signals() {
  struct sigaction action = {};
  action.sa_handler = [](int number) { stopped_by = number; };
  action.sa_flags = SA_RESETHAND;
  for (int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
}

int cancel_when_interrupted(bool is_slow) {
  stop_on_signals();
  mp::Pool pool(2);
  const auto endless = pool.apply_async([] {
    for (;;) pause();
  });
  for (pid_t pid : pool.pids()) std::printf("%d ", int(pid));
  std::puts("");
  std::fflush(stdout);
  while (!endless.wait(std::chrono::milliseconds(20)))
    if (stopped_by) {
      if (is_slow) {
        std::puts("cancelling");
        std::fflush(stdout);
        sleep(60);
        sleep(60);  // the first one may have been cut short
      }
      pool.terminate();
      pool.join();
    }
  std::puts(endless.try_get().error().what());
  return 128 + stopped_by;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 2 && std::strcmp(arguments[1], "without_init") == 0) return without_init();
  mp::init(count, arguments);
  const std::string mode = arguments[1];
  if (mode.starts_with("cancels")) return cancel_when_interrupted(mode == "cancels_slowly");
  mp::Pool pool(4);
  mp::Process process({.name = "own"}, [] { pause(); });
  process.start();
  const mp::Manager manager;
  std::vector<pid_t> pids = pool.pids();
  std::vector<mp::AsyncResult<void>> results;
  if (mode == "sleep" || mode == "spin") {
    // A task tells that it runs by a letter in a file that workers can open.
    char name[] = "/tmp/flynn-mp-XXXXXX";
    const int file = mkstemp(name);
    for (int i = 0; i < 4; ++i)
      results.push_back(pool.apply_async(
          [](const std::string& path, bool spins) {
            FILE* const log = std::fopen(path.c_str(), "a");
            be_busy(fileno(log), spins);
          },
          std::string(name), mode == "spin"));
    while (lseek(file, 0, SEEK_END) < 4) usleep(1000);
    unlink(name);
  }
  for (pid_t pid : pids) {
    if (mode == "stopped") kill(pid, SIGSTOP);
    std::printf("%d ", int(pid));
  }
  std::printf("%d %d\n", int(process.pid()), int(manager.pid()));
  std::fflush(stdout);
  for (;;) pause();
}

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <host/mp/process_mark.hpp>

namespace flynn::mp {
namespace {

/// The state and the start time of a process, fields 3 and 22 of its stat file. False when there is none.
bool read_stat(std::int32_t pid, char& state, std::uint32_t& start) {
  char text[512];
  std::snprintf(text, sizeof text, "/proc/%d/stat", pid);
  const int file = open(text, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  if (count <= 0) return false;
  text[count] = '\0';
  const char* field = std::strrchr(text, ')');  // the name before it may hold anything
  if (!field || std::strlen(field) < 3) return false;
  state = field[2];
  constexpr int fields = 20;  // from the state to the start
  for (int i = 0; i < fields && field; ++i) field = std::strchr(field + 1, ' ');
  if (!field) return false;
  start = std::uint32_t(std::strtoull(field, nullptr, 10));
  return true;
}

// Of a thread and not of the process: the fork server's copies have new threads, but the old memory.
thread_local ProcessMark own = {};
thread_local std::uint64_t own_thread = 0;
std::atomic<std::uint32_t> last_thread{0};

/// A copy that the user makes by fork() is another process.
void forget_when_copied() {
  static const int registered = pthread_atfork(nullptr, nullptr, [] {
    own = {};
    own_thread = 0;
  });
  (void)registered;
}

}  // namespace

ProcessMark this_process() {
  if (own.pid == 0) {
    forget_when_copied();
    const std::int32_t pid = getpid();
    char state;
    std::uint32_t start = 0;
    read_stat(pid, state, start);
    own = {pid, start};
  }
  return own;
}

std::uint64_t this_thread() {
  if (own_thread == 0) {
    forget_when_copied();
    own_thread = std::uint64_t(getpid()) << 32 | ++last_thread;
  }
  return own_thread;
}

bool is_alive(ProcessMark mark) {
  char state;
  std::uint32_t start;
  return read_stat(mark.pid, state, start) && start == mark.start && state != 'Z' && state != 'X';
}

}  // namespace flynn::mp

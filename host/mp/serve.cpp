#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <host/mp/crash.hpp>
#include <host/mp/modules.hpp>
#include <host/mp/serve.hpp>
#include <host/pools/child.hpp>
#include <host/pools/insist.hpp>
#include <host/pools/worker_life.hpp>
#include <string>
#include <thread>

#include <flynn/mp/init.hpp>

namespace flynn::mp {
namespace {

std::atomic<bool> was_initialised{false};

[[noreturn]] void serve();

bool has_threads() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return std::distance(begin(threads), end(threads)) > 1;
}

/// A child of this process's parent. glibc's fork() makes children of its own only; ours has one thread, so no lock is
/// held that the copy would need. What glibc keeps about the first thread of the copy is the server's, so that thread
/// only listens, and work is done on another one.
pid_t fork_sibling() { return pid_t(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, nullptr)); }

[[noreturn]] void serve_forks() {
  if (has_threads()) refuse("%s has threads before main%s", "the program", "");
  if (const char* const value = std::getenv(bind_now); value && std::strcmp(value, our_bind_now) == 0)
    unsetenv(bind_now);
  prepare_crash_reports();
  send_message(child_fd, {.kind = Message::Kind::hello});
  Message wish;
  for (int file; receive_message(child_fd, wish, file);) {
    if (wish.kind != Message::Kind::fork || file < 0) continue;
    const pid_t child = fork_sibling();
    if (child == 0) become_copy(file, pid_t(wish.id));
    const int error = errno;
    close(file);
    Message answer{.kind = Message::Kind::hello, .number = std::uint32_t(child)};
    if (child < 0) answer = {.kind = Message::Kind::refuse, .id = std::uint64_t(error)};
    send_message(child_fd, answer);
  }
  _exit(0);
}

/// Descriptor 3 is the program's socket, and its first message says what to be.
[[noreturn]] void serve() {
  fcntl(child_fd, F_SETFD, FD_CLOEXEC);
  int memory;
  const Message welcome = receive_welcome(memory);
  if (welcome.kind == Message::Kind::forks) serve_forks();
  if (memory < 0) _exit(no_pool);
  const int error = error_of([&] {
    std::thread([=] {
      if (welcome.kind == Message::Kind::board) work_for_pool(welcome, memory);
      if (welcome.kind == Message::Kind::run) run_process(welcome, memory);
      _exit(no_pool);
    }).detach();
    return 0;
  });
  if (error != 0) refuse("no thread to work on%s%s", ": ", std::strerror(error));
  watch_program();
}

bool is_our_socket(int file) {
  int type = 0;
  socklen_t bytes = sizeof type;
  return getsockopt(file, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace

bool is_initialised() { return was_initialised; }

void become_copy(int given, pid_t parent) {
  setpgid(0, 0);
  if (const int none = open("/dev/null", O_RDONLY | O_CLOEXEC); none > 0) {
    dup2(none, 0);
    close(none);
  }
  if (given != child_fd) {
    dup2(given, child_fd);
    close(given);
  }
  settle_in(parent);
  serve();
}

void init(int argc, char** argv) {
  was_initialised = true;
  if (argc != 4 || std::strcmp(argv[1], worker_word) != 0 || !is_our_socket(child_fd)) return;
  settle_in(pid_t(std::strtol(argv[3], nullptr, 10)));
  const std::string own = std::to_string(own_module());
  if (own != argv[2]) refuse("its libflynn is %s, the program's is %s", own.c_str(), argv[2]);
  serve();
}

}  // namespace flynn::mp

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <host/pools/insist.hpp>
#include <host/pools/protection.hpp>
#include <host/pools/worker_process.hpp>

namespace flynn {
namespace {

constexpr auto by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD, which glibc 2.36 spells as an enumerator of its own

void close_and_forget(int& file) {
  if (file >= 0) close(file);
  file = -1;
}

/// A socket takes some hundred messages ahead. A process that runs takes them off at once.
constexpr int room_ms = 1000;

bool has_room_within(int socket, int milliseconds) {
  pollfd room = {socket, POLLOUT, 0};
  return poll(&room, 1, milliseconds) == 1;
}

void pin(pid_t pid, int cpu) {
  const std::size_t bytes = CPU_ALLOC_SIZE(cpu + 1);
  cpu_set_t* const set = CPU_ALLOC(cpu + 1);
  if (!set) return;
  CPU_ZERO_S(bytes, set);
  CPU_SET_S(cpu, bytes, set);
  sched_setaffinity(pid, bytes, set);  // refused: it runs where the scheduler likes
  CPU_FREE(set);
}

std::string words_of(const ProcessEnd& end) {
  if (!end.is_known) return "ended";  // a program that waits for all its children may have taken its end
  if (end.signal == 0) return "ended (exit code " + std::to_string(end.exit_code) + ")";
  const bool was_killed = end.signal == SIGKILL || end.signal == SIGTERM;
  return std::string(was_killed ? "was killed" : "crashed") + " (signal " + std::to_string(end.signal) + ", " +
         strsignal(end.signal) + ")";
}

}  // namespace

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      process_(std::exchange(other.process_, -1)),
      socket_(std::exchange(other.socket_, -1)),
      number_(other.number_),
      memories_(std::move(other.memories_)),
      why_killed_(other.why_killed_) {}

WorkerProcess::~WorkerProcess() {
  if (!runs()) return;
  kill("the pool was closed");
  bury();
}

int WorkerProcess::start(const Start& start, int cpu, const Message& welcome, int memory) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
  int error = error_of([&] { return start(ends[1], pid_); });
  close(ends[1]);
  socket_ = ends[0];
  if (error == 0) {
    process_ = int(syscall(SYS_pidfd_open, pid_, 0));
    if (process_ < 0) {
      error = errno;
      ::kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  if (error != 0) {
    close_and_forget(socket_);
    return error;
  }
  number_ = welcome.number;
  memories_.clear();
  why_killed_ = "";
  if (cpu >= 0) pin(pid_, cpu);
  return send_message(socket_, welcome, memory);
}

int WorkerProcess::give(const SharedPlace& memory) {
  if (memories_.contains(memory.id)) return 0;
  memories_.insert(memory.id);
  const Message message{.kind = Message::Kind::map, .id = memory.id, .bytes = memory.bytes};
  int error = send_message(socket_, message, memory.file);
  if (error == EAGAIN && has_room_within(socket_, room_ms)) error = send_message(socket_, message, memory.file);
  if (error != 0) memories_.erase(memory.id);
  return error;
}

void WorkerProcess::take_back_lost() {
  for (auto id = memories_.begin(); id != memories_.end();) {
    const Message message{.kind = Message::Kind::unmap, .id = *id};
    id = !is_shared(*id) && send_message(socket_, message) == 0 ? memories_.erase(id) : std::next(id);
  }
}

bool WorkerProcess::is_stopped() const {
  siginfo_t info = {};
  return waitid(by_pidfd, id_t(process_), &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_;
}

bool WorkerProcess::has_ended() const {
  pollfd end = {process_, POLLIN, 0};
  return poll(&end, 1, 0) == 1;
}

void WorkerProcess::signal(int number) { syscall(SYS_pidfd_send_signal, process_, number, nullptr, 0); }

void WorkerProcess::kill(const char* why) {
  if (!*why_killed_) why_killed_ = why;
  signal(SIGKILL);
}

void WorkerProcess::hang_up() { close_and_forget(socket_); }

ProcessEnd WorkerProcess::bury() {
  siginfo_t info = {};
  int result;
  while ((result = waitid(by_pidfd, id_t(process_), &info, WEXITED)) != 0 && errno == EINTR) {
  }
  if (protects("group")) ::kill(-pid_, SIGKILL);  // what it may have started
  close_and_forget(process_);
  close_and_forget(socket_);
  ProcessEnd end{.number = number_, .pid = pid_, .is_known = result == 0};
  (info.si_code == CLD_EXITED ? end.exit_code : end.signal) = info.si_status;
  insist([&] { end.words = *why_killed_ ? std::string("was killed: ") + why_killed_ : words_of(end); });
  return end;
}

}  // namespace flynn

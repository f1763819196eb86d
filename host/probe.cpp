#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include <flynn/execution.hpp>
#include <host/probe.hpp>

extern char** environ;

namespace flynn {
namespace {

/// Starts `program module` with its answers going to `answers`, its words nowhere, and the signals as they are by default.
int start(const std::string& program, const std::string& module, int answers, pid_t& child) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, answers, probe_answer_fd);  // first: it may be one of the three below
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  char* const arguments[] = {const_cast<char*>(program.c_str()), const_cast<char*>(module.c_str()), nullptr};
  const int error = posix_spawn(&child, program.c_str(), &files, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

/// How a child ended. It may be unknown: a program that reaps all its children has taken ours too.
struct End {
  bool is_known = false, timed_out = false;
  int status = 0;
};

/// Whether the child has ended or is not ours any more. It stays a zombie, so that its number stays its own.
bool has_ended(pid_t child) {
  siginfo_t info = {};
  return waitid(P_PID, id_t(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ? errno == ECHILD : info.si_pid == child;
}

/// Kills what the child started, and itself if it still runs.
void clear_away(pid_t child, End& end) {
  siginfo_t info = {};
  if (waitid(P_PID, id_t(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return;
  kill(-child, SIGKILL);
  pid_t ended;
  while ((ended = waitpid(child, &end.status, 0)) < 0 && errno == EINTR) {
  }
  end.is_known = ended == child;
}

/// Collects the answer until the child ends, at most for `probe_seconds`.
End wait_for(pid_t child, int answers, std::string& answer) {
  const std::int64_t deadline = monotonic_ns() + std::int64_t{probe_seconds} * 1'000'000'000;
  auto read_answer = [&] {
    char bytes[512];
    const ssize_t count = read(answers, bytes, sizeof bytes);
    if (count > 0) answer.append(bytes, std::size_t(count));
    return count > 0;
  };
  End end;
  bool open = true;  // the pipe: nobody else writes into it
  while (!has_ended(child) && !end.timed_out) {
    end.timed_out = monotonic_ns() >= deadline;
    pollfd ready = {answers, POLLIN, 0};
    if (poll(&ready, open, open ? 5 : 1) > 0) open = read_answer();
  }
  clear_away(child, end);
  while (read_answer()) {
  }
  return end;
}

Status judge(const std::string& answer, const End& end, const char* name, Text& text) {
  if (answer.starts_with('K')) return {};
  if (answer.starts_with('F')) {
    const char* const message = answer.c_str() + 1;
    const char* const cure = message + std::strlen(message) + 1;
    if (cure < answer.c_str() + answer.size()) hint(text, "%s", cure);
    return fail(text, Code::unavailable, "%s", message);
  }
  hint(text, "the other backends work; install the driver anew, or remove it");
  if (end.timed_out) return fail(text, Code::unavailable, "the driver behind %s did not answer within %u s", name, probe_seconds);
  if (end.is_known && WIFSIGNALED(end.status))
    return fail(text, Code::unavailable, "the driver behind %s crashed when it was probed (signal %d, %s)", name,
                WTERMSIG(end.status), strsignal(WTERMSIG(end.status)));
  return fail(text, Code::unavailable, "the driver behind %s ended the process that probed it (exit code %d)", name,
              end.is_known ? WEXITSTATUS(end.status) : -1);
}

}  // namespace

Status probe_in_child(const std::filesystem::path& module, Text& text) {
  const std::string program = module.parent_path() / "flynn-probe", name = module.filename();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return fail(text, Code::unavailable, "cannot probe %s: pipe: %s", name.c_str(), std::strerror(errno));
  pid_t child = 0;
  const int error = start(program, module, ends[1], child);
  close(ends[1]);
  Status status;
  if (error != 0) {
    hint(text, "install flynn anew, with all its files");
    status = fail(text, Code::unavailable, "cannot probe %s: %s: %s", name.c_str(), program.c_str(), std::strerror(error));
  } else {
    std::string answer;
    const End end = wait_for(child, ends[0], answer);
    status = judge(answer, end, name.c_str(), text);
  }
  close(ends[0]);
  return status;
}

}  // namespace flynn

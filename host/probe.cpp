#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include <flynn/execution.hpp>
#include <host/pools/child.hpp>
#include <host/probe.hpp>

namespace flynn {
namespace {

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

/// A child, what it said, and how it ended.
struct Probe {
  int error = 0;  ///< of its start
  pid_t child = 0;
  int answers = -1;
  bool is_open = false, is_over = false;  ///< the pipe, into which nobody else writes; the child
  std::string answer = {};
  End end = {};

  Probe(const std::string& program, const std::string& module, const Environment& environment);
  ~Probe() {
    if (answers >= 0) close(answers);
  }
  Probe(const Probe&) = delete;

  bool read_answer() {
    char bytes[512];
    const ssize_t count = read(answers, bytes, sizeof bytes);
    if (count > 0) answer.append(bytes, std::size_t(count));
    return count > 0;
  }
  /// Takes what has been said, and makes an end once the child is gone or late.
  void look(bool is_late);
};

Probe::Probe(const std::string& program, const std::string& module, const Environment& environment) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    error = errno;
  } else {
    answers = ends[0];
    error = start_child(program, {module}, environment, ends[1], child);
    close(ends[1]);
  }
  is_over = error != 0;
  is_open = !is_over;
}

void Probe::look(bool is_late) {
  if (is_over) return;
  const bool has_gone = has_ended(child);
  if (!has_gone && !is_late) return;
  end.timed_out = !has_gone;
  clear_away(child, end);
  while (read_answer()) {
  }
  is_over = true;
}

/// Waits until some child says something, for 5 ms, or 1 ms while one is about to end.
void wait_for_words(std::deque<Probe>& probes) {
  std::vector<pollfd> pipes;
  std::vector<Probe*> of_pipe;
  int milliseconds = 5;
  for (Probe& probe : probes) {
    if (probe.is_over) continue;
    if (probe.is_open) {
      pipes.push_back({probe.answers, POLLIN, 0});
      of_pipe.push_back(&probe);
    } else {
      milliseconds = 1;
    }
  }
  if (poll(pipes.data(), pipes.size(), milliseconds) <= 0) return;
  for (std::size_t i = 0; i < pipes.size(); ++i)
    if (pipes[i].revents != 0) of_pipe[i]->is_open = of_pipe[i]->read_answer();
}

/// Collects the answers until all children have ended, at most for `probe_seconds`.
void wait_for(std::deque<Probe>& probes) {
  const std::int64_t deadline = monotonic_ns() + std::int64_t{probe_seconds} * 1'000'000'000;
  for (;;) {
    const bool is_late = monotonic_ns() >= deadline;
    for (Probe& probe : probes) probe.look(is_late);
    if (std::ranges::all_of(probes, &Probe::is_over)) return;
    wait_for_words(probes);
  }
}

Finding judge(const Probe& probe, const std::string& program) {
  using enum Finding::Verdict;
  const std::string& answer = probe.answer;
  if (probe.error != 0)
    return {sick, "cannot be probed: " + program + ": " + std::strerror(probe.error),
            "install flynn anew, with all its files"};
  if (answer.starts_with('K')) return {};
  if (answer.starts_with('F')) {
    const std::size_t zero = std::min(answer.find('\0'), answer.size());
    return {refused, answer.substr(1, zero - 1), zero + 1 < answer.size() ? answer.c_str() + zero + 1 : ""};
  }
  const End& end = probe.end;
  const std::string cure = "the other backends work; install the driver anew, or remove it";
  if (end.timed_out) return {sick, "did not answer within " + std::to_string(probe_seconds) + " s", cure};
  if (end.is_known && WIFSIGNALED(end.status)) {
    const int signal = WTERMSIG(end.status);
    return {sick, "crashed when it was probed (signal " + std::to_string(signal) + ", " + strsignal(signal) + ")",
            cure};
  }
  const int code = end.is_known ? WEXITSTATUS(end.status) : -1;
  return {sick, "ended the process that probed it (exit code " + std::to_string(code) + ")", cure};
}

}  // namespace

std::vector<Finding> probe_in_children(const std::filesystem::path& module, std::span<const Environment> environments) {
  const std::string program = module.parent_path() / "flynn-probe";
  std::deque<Probe> probes;
  for (const Environment& environment : environments) probes.emplace_back(program, module.string(), environment);
  wait_for(probes);
  std::vector<Finding> findings;
  for (const Probe& probe : probes) findings.push_back(judge(probe, program));
  return findings;
}

Status probe_in_child(const std::filesystem::path& module, Text& text) {
  const Environment unchanged;
  const Finding finding = probe_in_children(module, {&unchanged, 1}).front();
  if (finding.verdict == Finding::Verdict::good) return {};
  hint(text, "%s", finding.cure.c_str());
  if (finding.verdict == Finding::Verdict::refused) return fail(text, Code::unavailable, "%s", finding.reason.c_str());
  return fail(text, Code::unavailable, "the driver behind %s %s", module.filename().c_str(), finding.reason.c_str());
}

}  // namespace flynn

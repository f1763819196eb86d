#pragma once
// What a test wants to know of the processes around it.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace flynn::faults {

/// How many times as long things take under a sanitizer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int slow = 10;
#else
inline constexpr int slow = 1;
#endif

/// The letter that ps shows for a process or a thread; X when there is none.
inline char state_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  return name_end == std::string::npos ? 'X' : line[name_end + 2];
}

/// Whether a process runs; a zombie, which only waits for its parent, does not.
inline bool is_alive(pid_t pid) {
  const char state = state_of(pid);
  return state != 'Z' && state != 'X';
}

/// The children of this process that run.
inline std::vector<pid_t> children() {
  std::vector<pid_t> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "children");
    for (pid_t pid; file >> pid;)
      if (is_alive(pid)) found.push_back(pid);
  }
  return found;
}

inline std::size_t open_files() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return std::size_t(std::distance(begin(files), end(files)));
}

/// The threads of this process.
inline std::size_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::size_t(std::distance(begin(tasks), end(tasks)));
}

/// Waits until it holds, at most so long; says whether it does.
inline bool holds_within(std::chrono::milliseconds limit, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// A program that runs, its output, and its end. Killed when this goes away.
class Program {
 public:
  explicit Program(const std::vector<std::string>& words) {
    int in[2], out[2];
    if (pipe(in) != 0 || pipe(out) != 0) return;
    pid_ = fork();
    if (pid_ == 0) run(words, in, out);
    close(in[0]);
    close(out[1]);
    input = fdopen(in[1], "w");
    output = fdopen(out[0], "r");
  }
  ~Program() {
    if (pid_ > 0 && !status_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (input) fclose(input);
    if (output) fclose(output);
  }
  Program(const Program&) = delete;

  pid_t pid() const { return pid_; }
  /// What a shell would show: the exit code, or 128 and the signal; none when it has not ended in time.
  std::optional<int> end_within(std::chrono::milliseconds limit) {
    int status = 0;
    if (!status_ && holds_within(limit, [&] { return waitpid(pid_, &status, WNOHANG) == pid_; }))
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return status_;
  }
  /// All that it prints from now on.
  std::string rest() {
    std::string text;
    for (int c; output && (c = fgetc(output)) != EOF;) text += char(c);
    return text;
  }
  /// Numbers that it prints.
  std::vector<pid_t> read_pids(std::size_t count) {
    std::vector<pid_t> pids;
    for (int pid; pids.size() < count && fscanf(output, "%d", &pid) == 1;) pids.push_back(pid);
    return pids;
  }

  std::FILE *input = nullptr, *output = nullptr;

 private:
  [[noreturn]] static void run(const std::vector<std::string>& words, const int* in, const int* out) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    dup2(out[1], 2);
    for (int file : {in[0], in[1], out[0], out[1]}) close(file);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }

  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace flynn::faults

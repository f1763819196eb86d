#pragma once
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include <host/pools/message.hpp>
#include <host/pools/shared_memory.hpp>

namespace flynn {

/// Starts a process that finds `given` as descriptor 3. The thread that calls must live as long as the process: its end
/// kills it. 0 or an error of errno.
using Start = std::function<int(int given, pid_t& child)>;

/// How a process ended.
struct ProcessEnd {
  std::uint32_t number = 0, place = 0;  ///< of the worker, see Message
  pid_t pid = 0;
  bool is_known = false;  ///< false: somebody else took its end
  int signal = 0;         ///< 0: it exited
  int exit_code = 0;
  std::string words = {};  ///< for people: "was killed (signal 9, Killed)"
};

/// A worker as its pool sees it: a process, its end of a socket, and what it was sent. Not safe from several threads.
class WorkerProcess {
 public:
  WorkerProcess() = default;
  WorkerProcess(WorkerProcess&&) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;
  /// Kills what still runs and waits for its end.
  ~WorkerProcess();

  /// Starts it as the worker that `welcome` says, pinned to `cpu` unless that is -1. 0 or an error of errno.
  int start(const Start& start, int cpu, const Message& welcome, int memory);

  bool runs() const { return process_ >= 0; }
  pid_t pid() const { return pid_; }
  int process() const { return process_; }  ///< a pidfd: readable when it has ended
  int socket() const { return socket_; }
  std::uint32_t number() const { return number_; }

  /// Sends it shared memory that it does not have. 0 or an error of errno.
  int give(const SharedPlace& memory);
  /// Takes back what does not exist any more.
  void take_back_lost();

  /// Whether a signal has stopped it.
  bool is_stopped() const;
  bool has_ended() const;
  void signal(int number);
  void kill(const char* why);  ///< `why` must last
  void hang_up();              ///< it ends by itself

  /// After its end: reaps it.
  ProcessEnd bury();

 private:
  pid_t pid_ = -1;
  int process_ = -1, socket_ = -1;
  std::uint32_t number_ = 0;
  std::set<std::uint64_t> memories_;
  const char* why_killed_ = "";
};

}  // namespace flynn

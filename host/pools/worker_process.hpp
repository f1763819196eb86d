#pragma once
#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>

#include <host/pools/board.hpp>
#include <host/pools/shared_memory.hpp>

namespace flynn {

/// A worker as its pool sees it: a process, its end of a socket, and what it was sent. Not safe from several threads.
class WorkerProcess {
 public:
  WorkerProcess() = default;
  WorkerProcess(WorkerProcess&&) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;
  /// Kills what still runs and waits for its end.
  ~WorkerProcess();

  /// Starts `program` as the worker that `welcome` says, pinned to `cpu` unless that is -1. The thread that calls must
  /// live as long as the worker: its end kills it. 0 or an error of errno.
  int start(const std::string& program, int cpu, const Message& welcome, int board);

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
  void kill(const char* why);
  void hang_up();  ///< it ends by itself

  /// After its end: reaps it and says how it ended, for people: "was killed (signal 9, Killed)".
  std::string bury();

 private:
  pid_t pid_ = -1;
  int process_ = -1, socket_ = -1;
  std::uint32_t number_ = 0;
  std::set<std::uint64_t> memories_;
  std::string why_killed_;
};

}  // namespace flynn

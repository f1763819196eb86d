#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <host/pools/worker_process.hpp>

namespace flynn {

/// A descriptor by which a thread that polls is woken.
class Wake {
 public:
  Wake();
  ~Wake();
  Wake(const Wake&) = delete;
  int file() const { return file_; }  ///< -1: there was none left

 private:
  const int file_;
};

/// Starts worker processes, replaces those that end, and remembers how they did. All on a thread of its own, which
/// lives as long: the kernel kills the workers when that thread is gone, and with it the process.
class Supervisor {
 public:
  struct Settings {
    std::string program;         ///< for people, and what `start` starts by default: it ends in serve(), see worker.hpp
    unsigned workers = 1;        ///< the system may refuse some: then there are fewer
    std::vector<int> cpus = {};  ///< worker i is pinned to cpus[i], if there is such an element
    Start start = {};            ///< called on the own thread
    std::vector<SharedPlace> shared = {};  ///< what each worker gets at first, with the board
  };

  /// What is called on the own thread. It must not call the supervisor.
  struct Hooks {
    std::function<void()> changed = {};                 ///< a worker has ended, or was given up
    std::function<void(const ProcessEnd&)> ended = {};  ///< before that
    /// From a worker: who it is, what it said, and the socket for an answer.
    std::function<void(std::uint32_t number, const Message&, int descriptor, int socket)> heard = {};
  };

  /// Returns when every worker is ready or given up, after 5 s at the latest. `board` is what each is sent first.
  Supervisor(Settings settings, const SharedMemory& board, Hooks hooks);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;

  /// The processes that are ready to work.
  std::vector<pid_t> pids() const;
  /// The place that the team of so many workers ends before: those that were given up do not count.
  std::uint32_t team_of(unsigned workers) const;
  /// Why there is no worker and will be none; empty when there is.
  std::optional<std::string> broken() const;

  /// From now on no worker that ends is replaced.
  void stop_replacing();
  /// Whether all workers have ended by themselves within that time.
  bool all_end_within(std::int64_t nanoseconds);
  void kill_all(const char* why);

  // For a call.
  void begin_call();
  /// Takes back from the workers the shared memory that does not exist any more.
  void take_back_lost();
  /// Sends it to every worker, and to those that come during this call. 0 or an error of errno.
  int share(const SharedPlace& memory);
  /// How a worker ended during this call, for people; empty when it has not.
  std::optional<std::string> how_ended(std::uint32_t number) const;
  void kill(std::uint32_t number, const char* why);
  /// To be called every now and then while a call waits: kills workers that were stopped by a signal twice in a row.
  void kill_stopped();

 private:
  struct Worker : WorkerProcess {
    bool is_ready = false, is_given_up = false, was_stopped = false;
    unsigned failed_starts = 0;  ///< since it was last ready
    std::int64_t start_at = 0;   ///< monotonic_ns(), while it does not run
  };

  void supervise();
  void wait_for_events();
  void start_due();
  void start(unsigned place);
  void hear(Worker& worker);
  void hear_last(Worker& worker);
  void bury(Worker& worker);
  void start_failed(Worker& worker, std::string why, bool is_lasting);
  void end_all();

  const Settings settings_;
  const int board_;
  const std::size_t board_bytes_;
  const Hooks hooks_;
  const Wake wake_;

  mutable std::mutex mutex_;  ///< guards what follows; no worker ever holds it
  std::condition_variable settled_;
  std::vector<Worker> workers_;
  std::vector<SharedPlace> shared_;
  std::map<std::uint32_t, std::string> ended_;
  std::uint32_t last_number_ = 0;
  std::uint64_t losses_ = 0;
  std::string last_trouble_;
  bool is_closing_ = false, is_replacing_ = true;
  std::thread thread_;
};

}  // namespace flynn

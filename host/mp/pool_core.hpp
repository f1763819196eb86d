#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <flynn/mp/pool.hpp>
#include <host/mp/enclosures.hpp>
#include <host/mp/pieces.hpp>
#include <host/mp/task_board.hpp>
#include <host/mp/trace.hpp>
#include <host/pools/fork.hpp>
#include <host/pools/supervisor.hpp>

namespace flynn::mp::detail {

/// How often a pump looks for workers that a signal has stopped.
inline constexpr std::int64_t tick_ns = 50'000'000;

/// How many processes the kernel has ended for want of memory, in this control group and those around it. `root` is as
/// in own_groups().
std::uint64_t count_oom_kills(const std::string& root = "/");
/// Of a task that will not be run.
Failure cancelled(const char* why);

/// Puts tasks on the board and takes answers off it. There is one *pump* at a time: a thread that waits for a result,
/// or, when nobody waits, the pool's own.
class PoolCore : public BatchEngine, public std::enable_shared_from_this<PoolCore> {
 public:
  explicit PoolCore(const PoolOptions& options);
  ~PoolCore() override;

  void submit(const std::shared_ptr<Batch>& batch, bool is_awaited) override;
  bool help_until(const std::function<bool()>& holds, std::int64_t deadline) override;
  void call_later(std::function<void()> callback) override;
  bool cancel(State& state) override;
  unsigned workers() const override { return workers_; }
  /// False in a copy of the process that fork() made: there only the memory of the pool is.
  bool is_here() const { return own_process_.is_here(); }

  void close();
  void terminate();
  void join();
  void cancel_waiting();
  std::vector<pid_t> pids() const;

 private:
  /// A task that is not on the board.
  struct Waiting {
    std::shared_ptr<Batch> batch;
    std::size_t task;
    std::int64_t deadline;
    unsigned deaths = 0;
  };
  /// An answer that is being read: its trail may not be there yet.
  struct Arrival {
    Frame frame;
    std::span<const std::byte> bytes = {};
    ParcelHead* head = nullptr;  ///< of the parcel that has the bytes or the trail
    std::optional<SeenPieces> trail = {};
    TrailEnd end = {};
    bool is_read() const { return !trail || (end.vector && trail->is_read()); }
  };
  /// A task that is; `shown` once all of it was.
  struct Posted : Waiting {
    std::uint32_t slot;
    std::uint64_t sequence;
    std::shared_ptr<SharedMemory> parcel;
    KeptEnclosures enclosures = {};
    bool is_shown = false, is_late = false;
    std::unique_ptr<Arrival> arrival = {};
    std::exception_ptr trouble = {};  ///< why the answer cannot be read
    std::int64_t sent = 0;            ///< when, if it is traced
  };
  struct End {
    ProcessEnd process;
    std::string stack;
    bool oom_suspected;
  };

  // Of the pump.
  void pump();
  void pump_once();
  void take_ends();
  void collect();
  void open(Posted& posted, std::uint32_t number);
  void read(Posted& posted, std::uint32_t number);
  void decode(Posted& posted, std::uint32_t number);
  void fail_as_told(const Posted& posted, std::uint32_t number);
  void succeed(const Waiting& task);
  void fail(const Waiting& task, const std::function<Failure()>& make);
  void lose(Posted& posted, const End& end);
  static Failure loss_of(const Waiting& task, const End& end);
  static Failure late(const Batch& batch, std::size_t task);
  void expire();
  void trace(const Posted& posted, bool died);
  Failure why_over(const Waiting& task) const;
  bool post_next();
  Trail write(Posted& posted);
  void give(const SharedMemory& memory);
  std::shared_ptr<SharedMemory> parcel_of(std::size_t bytes);
  void put_back(std::shared_ptr<SharedMemory> parcel);
  std::int64_t wait_limit() const;

  void own_thread();
  void wake_own_thread();
  void end_workers();
  void heard(std::uint32_t number, const Message& message, int file, int socket);
  void ended(const ProcessEnd& process);
  std::uint64_t sender(std::uint32_t number) const { return serial_ << 32 | number; }

  void must_be_here() const { own_process_.must_be_here("the pool"); }

  const OwnProcess own_process_;
  const unsigned workers_;
  const std::uint64_t serial_;                     ///< of the pool in this process
  std::vector<flynn::detail::SharedRef> initial_;  ///< shared memory that the initializer has
  KeptEnclosures enclosures_;                      ///< of the initializer
  SharedMemory board_memory_;
  TaskBoard& board_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  ///< for the own thread and join()
  std::deque<Waiting> waiting_;
  std::vector<Posted> posted_;
  std::vector<bool> is_used_;  ///< each slot
  std::uint32_t cursor_ = 0;   ///< where the next free slot is looked for
  std::uint64_t sequence_ = 0;
  std::size_t outstanding_ = 0;  ///< tasks that are not over
  bool has_deadlines_ = false;   ///< one of the tasks ever had
  bool is_pumped_ = false, is_closed_ = false, is_ending_ = false;
  std::atomic<bool> is_terminated_{false}, is_cancelling_{false};
  std::deque<std::function<void()>> callbacks_;
  std::exception_ptr callback_threw_;
  std::vector<std::shared_ptr<SharedMemory>> kept_;  ///< parcels that wait for the next use
  std::int64_t next_stop_check_ = 0;
  std::uint64_t losses_ = 0;  ///< of shared memory, that the workers know of
  std::atomic<bool> have_workers_changed_{false};
  std::optional<std::string> broken_;  ///< why there will never be a worker again

  std::mutex ends_mutex_;
  std::vector<End> ends_;
  std::uint64_t oom_kills_ = 0;

  std::optional<Trace> trace_;
  std::optional<Supervisor> supervisor_;
  std::thread thread_;
};

}  // namespace flynn::mp::detail

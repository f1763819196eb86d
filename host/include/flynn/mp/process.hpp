#pragma once
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <flynn/mp/callable.hpp>
#include <flynn/mp/init.hpp>
#include <flynn/mp/state.hpp>

namespace flynn::mp {

struct ProcessOptions {
  std::string name = {};  ///< "Process-1" and so on if empty
  bool daemon = false;    ///< killed, not waited for, when its object goes away
  std::optional<StartMethod> start_method = {};
};

/// A function that runs in a process of its own. Like all processes of flynn::mp it ends with the program that started
/// it, however that ends.
///
///     mp::Process process(greet, "world");
///     process.start();
///     process.join();
///
/// Not for several threads at once.
class FLYNN_API Process {
 public:
  template <class F, class... A>
  explicit Process(F function, A&&... arguments)
      : Process(ProcessOptions{}, call(std::move(function), std::forward<A>(arguments)...)) {}
  template <class F, class... A>
  Process(ProcessOptions options, F function, A&&... arguments)
      : Process(std::move(options), call(std::move(function), std::forward<A>(arguments)...)) {}
  Process(ProcessOptions options, Call call);
  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  /// Waits for its end; kills it first if it is a daemon.
  ~Process();

  /// Throws Error: `invalid_argument` the second time, `unavailable` when the system refuses another process.
  void start();
  /// Waits for its end. Says whether it came in time.
  bool join(Duration timeout = forever);
  bool is_alive();
  /// None while it runs; 0 when the function returned, 1 when it threw, what it gave to exit(), and -signal when a
  /// signal ended it.
  std::optional<int> exitcode();
  /// What the function threw, or how the process died, as the exception it would have been; none when all is well or it
  /// still runs. Throws nothing.
  std::optional<Error> error();
  /// Throws RemoteError or WorkerDied when the process has failed.
  void check();

  pid_t pid() const;  ///< 0 before it is started
  const std::string& name() const;
  bool daemon() const;
  /// A descriptor that is readable when it has ended, for poll(); belongs to this object.
  int sentinel() const;
  void terminate();  ///< SIGTERM
  void kill();       ///< SIGKILL

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A process, as others see it.
struct ProcessInfo {
  pid_t pid;
  std::string name;
};

/// The processes of Process objects that run.
FLYNN_API std::vector<ProcessInfo> active_children();
/// This one: "MainProcess" unless it was started by flynn::mp.
FLYNN_API ProcessInfo current_process();
/// The process that started this one; none in the main process.
FLYNN_API std::optional<ProcessInfo> parent_process();

}  // namespace flynn::mp

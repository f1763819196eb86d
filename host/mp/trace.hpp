#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace flynn::mp {

/// When things happened, in nanoseconds of monotonic_ns(); 0: not.
struct TaskTimes {
  std::int64_t begin = 0, end = 0;  ///< in the worker
  std::int64_t worker = 0;          ///< process id
};

/// What the workers of a pool did, for the trace viewers of Chrome and Perfetto: a lane for the program and one for
/// each worker, in which a task and the wait before it are bars, and what was sent are arrows. FLYNN_MP_TRACE names the
/// file. All pools of the program write to it, each when it ends; it is whole JSON at any time.
class Trace {
 public:
  /// Whether this program shall write one; its processes do not.
  static bool is_wanted();

  /// A task that is over. `sent` and `received` are the times in the program; `died`: its worker did not answer.
  void add(std::string name, std::int64_t sent, TaskTimes times, std::int64_t received, bool died);
  /// Appends to the file what was added. What cannot be written is told on standard error, once.
  void write();

 private:
  struct Event {
    std::string name;
    std::int64_t sent, received;
    TaskTimes times;
    bool died;
  };
  std::vector<Event> events_;
  std::size_t left_out_ = 0;
};

}  // namespace flynn::mp

#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace flynn {

/// One thread that runs tasks in the order in which they came, and one that prepares the next task while one runs. They
/// start when there is something to do.
class TaskQueue {
 public:
  struct Task {
    std::function<void(bool cancelled)> run;
    /// What it uses; empty when that is not known, and then nothing is prepared beside it.
    std::optional<std::vector<const void*>> memories = {};
    /// Gets what the running task uses and keeps its hands off that. May be empty.
    std::function<void(const std::vector<const void*>& busy)> prepare = {};
  };

  /// Waits for the task that runs; the others are called with `cancelled`.
  ~TaskQueue();
  void push(Task task);

 private:
  void run_tasks();
  void prepare_tasks();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;  ///< the first one may be running
  bool is_running_ = false, is_preparing_ = false, is_closing_ = false;
  std::thread runner_, preparer_;
};

}  // namespace flynn

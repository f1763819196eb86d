#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace flynn {

/// One thread that runs tasks in the order in which they came; it starts with the first one.
class TaskQueue {
 public:
  using Task = std::function<void(bool cancelled)>;

  /// Waits for the task that runs; the others are called with `cancelled`.
  ~TaskQueue();
  void push(Task task);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace flynn

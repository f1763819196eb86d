#include <utility>

#include <host/pools/task_queue.hpp>

namespace flynn {

TaskQueue::~TaskQueue() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TaskQueue::push(Task task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  }
  changed_.notify_all();
}

void TaskQueue::work() {
  for (std::unique_lock lock(mutex_);;) {
    changed_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    const Task task = std::move(tasks_.front());
    tasks_.pop_front();
    const bool cancelled = closing_;
    lock.unlock();
    task(cancelled);
    lock.lock();
  }
}

}  // namespace flynn

#include <utility>

#include <host/pools/task_queue.hpp>

namespace flynn {

TaskQueue::~TaskQueue() {
  {
    std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  changed_.notify_all();
  if (runner_.joinable()) runner_.join();
  if (preparer_.joinable()) preparer_.join();
}

void TaskQueue::push(Task task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (!runner_.joinable()) runner_ = std::thread([this] { run_tasks(); });
    if (tasks_.back().prepare && !preparer_.joinable()) preparer_ = std::thread([this] { prepare_tasks(); });
  }
  changed_.notify_all();
}

void TaskQueue::run_tasks() {
  for (std::unique_lock lock(mutex_);;) {
    changed_.wait(lock, [this] { return !is_preparing_ && (is_closing_ || !tasks_.empty()); });
    if (tasks_.empty()) return;
    is_running_ = true;
    changed_.notify_all();
    const bool cancelled = is_closing_;
    Task& task = tasks_.front();  // stays where it is while others are pushed
    lock.unlock();
    task.run(cancelled);
    lock.lock();
    changed_.wait(lock, [this] { return !is_preparing_; });  // the next one is being prepared
    tasks_.pop_front();
    is_running_ = false;
  }
}

void TaskQueue::prepare_tasks() {
  for (std::unique_lock lock(mutex_);;) {
    auto has_work = [this] { return is_running_ && tasks_.size() > 1 && tasks_[0].memories && tasks_[1].prepare; };
    changed_.wait(lock, [&] { return is_closing_ || has_work(); });
    if (is_closing_) return;
    const auto prepare = std::exchange(tasks_[1].prepare, {});
    const auto& busy = *tasks_[0].memories;
    is_preparing_ = true;
    lock.unlock();
    prepare(busy);
    lock.lock();
    is_preparing_ = false;
    changed_.notify_all();
  }
}

}  // namespace flynn

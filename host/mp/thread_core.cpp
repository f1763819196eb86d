#include <algorithm>
#include <condition_variable>
#include <deque>
#include <flynn/mp/executor.hpp>
#include <host/pools/fork.hpp>
#include <mutex>
#include <system_error>
#include <thread>

namespace flynn::mp::detail {

/// Threads, which come as there is work for them, and the calls that wait for one.
class ThreadCore : public Engine, public std::enable_shared_from_this<ThreadCore> {
 public:
  ThreadCore(unsigned threads, std::function<void()> initializer)
      : most_(threads), initializer_(std::move(initializer)) {}

  bool is_here() const { return own_process_.is_here(); }

  void submit(std::shared_ptr<ThreadTask> task) {
    own_process_.must_be_here("the executor");
    const std::lock_guard lock(mutex_);
    if (is_closed_) throw Error(Code::invalid_argument, "the executor was shut down", {}, "make a new one");
    tasks_.push_back(std::move(task));
    // As on a pool of processes, a thread too many is no error: fewer do the work.
    if (idle_ < tasks_.size() && threads_.size() < most_) try {
        threads_.emplace_back([self = shared_from_this()] { self->work(); });
      } catch (const std::system_error& error) {
        if (threads_.empty()) {
          tasks_.pop_back();
          throw Error(Code::resource_exhausted, std::string("no thread: ") + error.what());
        }
      }
    changed_.notify_one();
  }

  bool help_until(const std::function<bool()>& holds, std::int64_t deadline) override {
    own_process_.must_be_here("the executor");
    return wait_until(holds, deadline);
  }

  void call_later(std::function<void()> callback) override {
    try {
      callback();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!callback_threw_) callback_threw_ = std::current_exception();
    }
  }

  bool cancel(State& state) override {
    std::shared_ptr<ThreadTask> task;
    {
      const std::lock_guard lock(mutex_);
      const auto found = std::ranges::find(tasks_, &state, [](const auto& t) -> State* { return t.get(); });
      if (found == tasks_.end()) return false;
      task = std::move(*found);
      tasks_.erase(found);
    }
    cancel(*task, "was cancelled before it began");
    return true;
  }

  void shutdown(const ShutdownOptions& options) {
    own_process_.must_be_here("the executor");
    std::deque<std::shared_ptr<ThreadTask>> dropped;
    std::vector<std::thread> threads;
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
      if (options.cancel_futures) dropped.swap(tasks_);
      if (options.wait) threads.swap(threads_);
      changed_.notify_all();
    }
    for (const auto& task : dropped) cancel(*task, "was cancelled: its executor was shut down");
    for (std::thread& thread : threads) {
      if (thread.get_id() == std::this_thread::get_id())
        thread.detach();  // from a task or a callback: it ends by itself
      else
        thread.join();
    }
    const std::lock_guard lock(mutex_);
    if (options.wait && callback_threw_) std::rethrow_exception(std::exchange(callback_threw_, nullptr));
  }

 private:
  static void cancel(ThreadTask& task, const char* why) {
    task.fail(
        Failure{.kind = Failure::Kind::cancelled, .code = Code::cancelled, .text = std::string("the task ") + why});
    task.finish();
  }

  void work() {
    std::exception_ptr broken;
    try {
      if (initializer_) initializer_();
    } catch (...) {
      broken = std::current_exception();
    }
    for (std::unique_lock lock(mutex_);;) {
      ++idle_;
      changed_.wait(lock, [this] { return is_closed_ || !tasks_.empty(); });
      --idle_;
      if (tasks_.empty()) return;
      const std::shared_ptr<ThreadTask> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      run(*task, broken);
      lock.lock();
    }
  }

  static void run(ThreadTask& task, const std::exception_ptr& broken) {
    task.set_running();
    try {
      if (broken) std::rethrow_exception(broken);
      task.run();
    } catch (...) {
      task.fail(std::current_exception());
    }
    task.finish();
  }

  const OwnProcess own_process_;
  const std::size_t most_;
  const std::function<void()> initializer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<ThreadTask>> tasks_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool is_closed_ = false;
  std::exception_ptr callback_threw_;
};

ThreadHandle::ThreadHandle(unsigned threads, std::function<void()> initializer)
    : core_(std::make_shared<ThreadCore>(threads > 0 ? threads : std::min(32u, cpu_count() + 4),
                                         std::move(initializer))) {}

ThreadHandle::~ThreadHandle() {
  if (!core_->is_here()) {
    new std::shared_ptr<ThreadCore>(std::move(core_));  // kept for ever: its threads are not in this copy
    return;
  }
  try {
    core_->shutdown({});
  } catch (...) {
    // What a callback threw: shutdown() tells who asks.
  }
}

std::shared_ptr<Engine> ThreadHandle::engine() const { return core_; }
void ThreadHandle::submit(std::shared_ptr<ThreadTask> task) { core_->submit(std::move(task)); }
void ThreadHandle::shutdown(const ShutdownOptions& options) { core_->shutdown(options); }

}  // namespace flynn::mp::detail

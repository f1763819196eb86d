#pragma once
// concurrent.futures: threads or processes with one interface. submit, map, shutdown; wait and as_completed in
// future.hpp.

#include <memory>
#include <optional>
#include <ranges>
#include <tuple>
#include <utility>
#include <vector>

#include <flynn/mp/future.hpp>
#include <flynn/mp/pool.hpp>

namespace flynn::mp {

struct ShutdownOptions {
  bool wait = true;             ///< for what has been submitted
  bool cancel_futures = false;  ///< those that have not begun
};

/// Processes; what may be called and sent is what Pool says. A worker that dies costs the call that it worked on.
class ProcessPoolExecutor {
 public:
  explicit ProcessPoolExecutor(unsigned max_workers = 0) : ProcessPoolExecutor(PoolOptions{.processes = max_workers}) {}
  explicit ProcessPoolExecutor(const PoolOptions& options) : handle_(options) {}
  /// Waits for what has been submitted.
  ~ProcessPoolExecutor() { shutdown_quietly(); }
  ProcessPoolExecutor(const ProcessPoolExecutor&) = delete;

  template <class F, class... A>
  auto submit(F function, A&&... arguments) {
    return submit(TaskOptions{}, std::move(function), std::forward<A>(arguments)...);
  }
  template <class F, class... A>
  auto submit(const TaskOptions& options, F function, A&&... arguments) {
    using Arguments = typename detail::CallOf<F, A...>::Arguments;
    using T = typename detail::CallOf<F, A...>::Result;
    auto task = std::make_shared<detail::OneCall<F, Arguments>>(handle_.engine(), options, std::move(function),
                                                                Arguments(std::forward<A>(arguments)...));
    handle_.engine()->submit(task, false);
    if constexpr (std::is_void_v<T>)
      return Future<void>(std::move(task), nullptr);
    else
      return Future<T>(task, &task->value);
  }

  /// function(item) for each item, in order; waits. A task has `chunksize` items.
  template <class F, std::ranges::sized_range Items>
  auto map(F function, const Items& items, std::size_t chunksize = 1) {
    using Arguments = typename detail::CallOf<F, detail::ItemOf<const Items&>>::Arguments;
    auto tasks = std::make_shared<detail::ManyCalls<F, Arguments, const Items&, detail::Item::argument>>(
        handle_.engine(), TaskOptions{}, std::move(function), items, std::max<std::size_t>(chunksize, 1));
    handle_.engine()->submit(tasks, true);
    tasks->check(forever);
    return tasks->take();
  }

  /// No more calls from now on. Throws the first thing that a callback threw, if it waits.
  void shutdown(const ShutdownOptions& options = {}) {
    handle_.close();
    if (options.cancel_futures) handle_.cancel_waiting();
    if (options.wait) handle_.join();
  }
  std::vector<pid_t> pids() const { return handle_.pids(); }

 private:
  void shutdown_quietly() {
    try {
      shutdown();
    } catch (...) {
      // What a callback threw: shutdown() tells who asks.
    }
  }
  detail::PoolHandle handle_;
};

namespace detail {

/// A call that a thread will make.
class FLYNN_API ThreadTask : public State {
 public:
  using State::State;
  /// Makes it, and keeps the outcome.
  virtual void run() = 0;
};

template <class T, class F, class Arguments>
class ThreadCall : public ThreadTask {
 public:
  ThreadCall(std::shared_ptr<Engine> engine, F function, Arguments arguments)
      : ThreadTask(std::move(engine)), function_(std::move(function)), arguments_(std::move(arguments)) {}
  void run() override {
    if constexpr (std::is_void_v<T>)
      std::apply(function_, std::move(arguments_));
    else
      value.emplace(std::apply(function_, std::move(arguments_)));
  }
  std::optional<std::conditional_t<std::is_void_v<T>, Nothing, T>> value;

 private:
  F function_;
  Arguments arguments_;
};

class ThreadCore;
class FLYNN_API ThreadHandle {
 public:
  ThreadHandle(unsigned threads, std::function<void()> initializer);
  ~ThreadHandle();
  ThreadHandle(const ThreadHandle&) = delete;
  std::shared_ptr<Engine> engine() const;
  void submit(std::shared_ptr<ThreadTask> task);
  void shutdown(const ShutdownOptions& options);

 private:
  std::shared_ptr<ThreadCore> core_;
};

}  // namespace detail

/// Threads; anything that can be called, with any arguments, which are copied or moved as std::thread does it. What a
/// function throws comes out of result() as it is.
class ThreadPoolExecutor {
 public:
  /// 0: cpu_count() + 4, at most 32, as for work that waits. `initializer` is called by each thread first.
  explicit ThreadPoolExecutor(unsigned max_workers = 0, std::function<void()> initializer = {})
      : handle_(max_workers, std::move(initializer)) {}
  /// Waits for what has been submitted.
  ~ThreadPoolExecutor() = default;

  template <class F, class... A>
  auto submit(F function, A&&... arguments) {
    using Arguments = std::tuple<std::decay_t<A>...>;
    using T = std::invoke_result_t<F&, std::decay_t<A>...>;
    auto task = std::make_shared<detail::ThreadCall<T, F, Arguments>>(handle_.engine(), std::move(function),
                                                                      Arguments(std::forward<A>(arguments)...));
    handle_.submit(task);
    return Future<T>(task, &task->value);
  }

  /// function(item) for each item, in order; waits.
  template <class F, std::ranges::sized_range Items>
  auto map(F function, const Items& items) {
    using T = std::invoke_result_t<F&, std::ranges::range_reference_t<const Items>>;
    std::vector<Future<T>> futures;
    for (auto&& item : items) futures.push_back(submit(function, item));
    wait(futures);
    if constexpr (std::is_void_v<T>) {
      for (const auto& future : futures) future.result();
    } else {
      std::vector<T> results;
      for (const auto& future : futures) results.push_back(future.result());
      return results;
    }
  }

  /// No more calls from now on. Throws the first thing that a callback threw, if it waits.
  void shutdown(const ShutdownOptions& options = {}) { handle_.shutdown(options); }

 private:
  detail::ThreadHandle handle_;
};

}  // namespace flynn::mp

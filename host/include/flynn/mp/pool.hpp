#pragma once
#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <vector>

#include <flynn/mp/async_result.hpp>
#include <flynn/mp/init.hpp>
#include <flynn/mp/result_stream.hpp>

namespace flynn::mp {

struct PoolOptions {
  unsigned processes = 0;  ///< 0: cpu_count()
  /// What each worker does first: `.initializer = mp::call(setup, "log", 3)`. If it throws, there is no pool.
  Call initializer = {};
  std::size_t maxtasksperchild = 0;  ///< a worker is replaced after so many tasks; 0: never
  std::optional<StartMethod> start_method = {};
};

namespace detail {
class PoolCore;

/// The untyped side of a pool.
class FLYNN_API PoolHandle {
 public:
  explicit PoolHandle(const PoolOptions& options);
  PoolHandle(PoolHandle&&) noexcept = default;
  PoolHandle& operator=(PoolHandle&&) noexcept = default;
  ~PoolHandle();
  std::shared_ptr<BatchEngine> engine() const;
  void close();
  void terminate();
  void join();
  /// Cancels what has not begun.
  void cancel_waiting();
  std::vector<pid_t> pids() const;

 private:
  std::shared_ptr<PoolCore> core_;
};

template <class Items>
using ItemOf = std::ranges::range_reference_t<const std::remove_reference_t<Items>>;

/// As many items in a task that each worker gets about four of them.
constexpr std::size_t usual_chunk(std::size_t items, std::size_t workers) {
  return std::max<std::size_t>(1, (items + 4 * workers - 1) / (4 * workers));
}

template <class F, class Tuple>
struct StarCall;
template <class F, class... A>
struct StarCall<F, std::tuple<A...>> : CallOf<F, A...> {};
template <class F, class A, class B>
struct StarCall<F, std::pair<A, B>> : CallOf<F, A, B> {};

}  // namespace detail

/// Processes that run functions: calls go to whichever is free, in the order in which they were made. A function that
/// throws, and a worker that dies, cost the task that they ran and no other; a worker that dies is replaced.
///
/// Arguments are converted to what the function takes, and copied. Functions, lambdas that capture nothing, and objects
/// with operator() that cereal can send (see Sendable) may be called. All of it may be used from several threads, and
/// from callbacks.
class Pool {
 public:
  /// Throws Error: `unavailable` when no worker could be started, with the reason.
  explicit Pool(unsigned processes = 0) : Pool(PoolOptions{.processes = processes}) {}
  explicit Pool(const PoolOptions& options) : handle_(options) {}
  /// As terminate() and join(): what has not been done by then is cancelled. Results may be asked for afterwards.
  ~Pool() = default;
  Pool(Pool&&) noexcept = default;

  /// Calls it in a worker and waits. A vector of numbers that is given away gives its memory to the result, so that
  /// `x = pool.apply(f, std::move(x))` needs no fresh pages.
  template <class F, class... A>
  auto apply(F function, A&&... arguments) {
    return value_of(start_awaited(std::move(function), std::forward<A>(arguments)...));
  }
  template <class F, class... A>
  auto try_apply(F function, A&&... arguments) {
    return result_of(start_awaited(std::move(function), std::forward<A>(arguments)...)).try_get();
  }
  template <class F, class... A>
  auto apply_async(F function, A&&... arguments) {
    return result_of(start({}, std::move(function), std::forward<A>(arguments)...));
  }
  template <class F, class... A>
  auto apply_async(const TaskOptions& options, F function, A&&... arguments) {
    return result_of(start(options, std::move(function), std::forward<A>(arguments)...));
  }

  /// function(item) for each item of a container, in order. A task has `chunksize` items; 0: so many that each worker
  /// gets about four tasks. The first failure is thrown, when all tasks are over.
  template <class F, std::ranges::sized_range Items>
  auto map(F function, const Items& items, std::size_t chunksize = 0) {
    return value_of(start_map<const Items&>(true, {}, std::move(function), items, chunksize));
  }
  template <class F, std::ranges::sized_range Items>
  auto try_map(F function, const Items& items, std::size_t chunksize = 0) {
    return result_of(start_map<const Items&>(true, {}, std::move(function), items, chunksize)).try_get();
  }
  /// The same without waiting; takes the items over.
  template <class F, std::ranges::sized_range Items>
  auto map_async(F function, Items items, std::size_t chunksize = 0, const TaskOptions& options = {}) {
    return result_of(start_map<Items>(false, options, std::move(function), std::move(items), chunksize));
  }

  /// The same with items that are pairs or tuples of all arguments.
  template <class F, std::ranges::sized_range Items>
  auto starmap(F function, const Items& items, std::size_t chunksize = 0) {
    return value_of(start_starmap<const Items&>(true, {}, std::move(function), items, chunksize));
  }
  template <class F, std::ranges::sized_range Items>
  auto try_starmap(F function, const Items& items, std::size_t chunksize = 0) {
    return result_of(start_starmap<const Items&>(true, {}, std::move(function), items, chunksize)).try_get();
  }
  template <class F, std::ranges::sized_range Items>
  auto starmap_async(F function, Items items, std::size_t chunksize = 0, const TaskOptions& options = {}) {
    return result_of(start_starmap<Items>(false, options, std::move(function), std::move(items), chunksize));
  }

  /// The results one by one, in order: `for (auto y : pool.imap(f, items))`. Items are taken from the range as results
  /// are taken, a few tasks ahead, so it may be endless; an lvalue must outlive the results.
  template <class F, std::ranges::viewable_range Items>
  auto imap(F function, Items&& items, std::size_t chunksize = 1) {
    return stream<detail::Order::as_given>(std::move(function), std::forward<Items>(items), chunksize);
  }
  /// The same in the order in which they are done.
  template <class F, std::ranges::viewable_range Items>
  auto imap_unordered(F function, Items&& items, std::size_t chunksize = 1) {
    return stream<detail::Order::as_done>(std::move(function), std::forward<Items>(items), chunksize);
  }

  /// No more tasks from now on.
  void close() { handle_.close(); }
  /// The same, and kills the workers at once; tasks that are not done are cancelled.
  void terminate() { handle_.terminate(); }
  /// After close() or terminate(): waits for the tasks and the workers' ends. Throws the first thing that a callback
  /// threw.
  void join() { handle_.join(); }

  /// The workers that are ready, and how many there should be.
  std::vector<pid_t> pids() const { return handle_.pids(); }
  unsigned processes() const { return handle_.engine()->workers(); }

 private:
  template <class S>
  static auto value_of(const std::shared_ptr<S>& state) {
    state->check(forever);
    return state->take();
  }
  template <class S>
  static auto result_of(const std::shared_ptr<S>& state) {
    return AsyncResult<typename S::Value>(state);
  }

  template <class F, class... A>
  auto start(const TaskOptions& options, F function, A&&... arguments) {
    using Arguments = typename detail::CallOf<F, A...>::Arguments;
    auto task = std::make_shared<detail::OneCall<F, Arguments>>(handle_.engine(), options, std::move(function),
                                                                Arguments(std::forward<A>(arguments)...));
    handle_.engine()->submit(task, false);
    return task;
  }
  /// Whoever waits for it keeps the arguments until then.
  template <class F, class... A>
  auto start_awaited(F function, A&&... arguments) {
    using Arguments = typename detail::CallOf<F, A...>::Arguments;
    using Held = typename detail::BorrowedArguments<Arguments, A...>::type;
    auto task = std::make_shared<detail::OneCall<F, Arguments, Held>>(
        handle_.engine(), TaskOptions{}, std::move(function), Held(std::forward<A>(arguments)...));
    handle_.engine()->submit(task, true);
    return task;
  }

  template <class Held, class Arguments, detail::Item kind, class F, class Items>
  auto start_many(bool is_awaited, const TaskOptions& options, F function, Items&& items, std::size_t chunk) {
    if (chunk == 0) chunk = detail::usual_chunk(std::ranges::size(items), processes());
    auto tasks = std::make_shared<detail::ManyCalls<F, Arguments, Held, kind>>(
        handle_.engine(), options, std::move(function), std::forward<Items>(items), chunk);
    handle_.engine()->submit(tasks, is_awaited);
    return tasks;
  }
  template <class Held, class F, class Items>
  auto start_map(bool is_awaited, const TaskOptions& options, F function, Items&& items, std::size_t chunk) {
    using Arguments = typename detail::CallOf<F, detail::ItemOf<Items>>::Arguments;
    return start_many<Held, Arguments, detail::Item::argument>(is_awaited, options, std::move(function),
                                                               std::forward<Items>(items), chunk);
  }
  template <class Held, class F, class Items>
  auto start_starmap(bool is_awaited, const TaskOptions& options, F function, Items&& items, std::size_t chunk) {
    using Arguments = typename detail::StarCall<F, std::remove_cvref_t<detail::ItemOf<Items>>>::Arguments;
    return start_many<Held, Arguments, detail::Item::arguments>(is_awaited, options, std::move(function),
                                                                std::forward<Items>(items), chunk);
  }

  template <detail::Order order, class F, class Items>
  auto stream(F function, Items&& items, std::size_t chunk) {
    using View = std::views::all_t<Items>;
    using Arguments = typename detail::CallOf<F, std::ranges::range_reference_t<View>>::Arguments;
    return ResultStream<F, Arguments, View, order>(handle_.engine(), std::move(function),
                                                   std::views::all(std::forward<Items>(items)), chunk);
  }

  detail::PoolHandle handle_;
};

}  // namespace flynn::mp

#pragma once
#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <flynn/mp/state.hpp>

namespace flynn::mp {

namespace detail {
struct Nothing {};
}  // namespace detail

/// The outcome of a call of an executor. Copies stand for the same one. May outlive its executor.
template <class T>
class Future {
  using Value = std::conditional_t<std::is_void_v<T>, detail::Nothing, T>;

 public:
  Future() = default;  ///< of nothing
  /// `value` is what the state keeps its value in.
  Future(std::shared_ptr<detail::State> state, const std::optional<Value>* value)
      : state_(std::move(state)), value_(value) {}

  /// Waits, and gives the result. Throws TimeoutError when it is not there in time, CancelledError, and what the
  /// function threw: from a process as RemoteError, with WorkerDied when that ended.
  T result(Duration timeout = forever) const {
    state_->check(timeout);
    if constexpr (!std::is_void_v<T>) return **value_;
  }
  Result<T> try_result(Duration timeout = forever) const {
    return detail::settled(*state_, timeout).map([this]() -> T {
      if constexpr (!std::is_void_v<T>) return **value_;
    });
  }
  /// Waits; what result() would throw, or null.
  std::exception_ptr exception(Duration timeout = forever) const {
    if (!state_->wait(timeout)) throw TimeoutError(Code::deadline_exceeded, "the result was not there in time");
    try {
      detail::rethrow(*state_);
    } catch (...) {
      return std::current_exception();
    }
    return nullptr;
  }
  bool done() const { return state_->is_ready(); }
  /// A worker has begun it; seen when the executor next looks.
  bool running() const { return state_->is_running(); }
  bool cancelled() const { return done() && state_->failure() && state_->failure()->kind == Failure::Kind::cancelled; }
  /// Takes it back if it has not begun. Says whether it could.
  bool cancel() const { return cancelled() || state_->cancel(); }

  /// Has `function(future)` called when it is done. Of a process pool on the pool's own thread; of a thread pool on the
  /// thread that did it, or here if it is done already.
  template <class F>
  void add_done_callback(F function) const {
    state_->when_ready([future = *this, function = std::move(function)]() mutable { function(future); });
  }

  detail::State& state() const { return *state_; }

 private:
  std::shared_ptr<detail::State> state_;
  const std::optional<Value>* value_ = nullptr;
};

enum class ReturnWhen { all_completed, first_completed, first_exception };

template <class T>
struct WaitResult {
  std::vector<Future<T>> done, not_done;
};

namespace detail {

/// Waits for futures; helps their engine if they have one in common.
template <class T>
bool wait_for(const std::vector<Future<T>>& futures, const std::function<bool()>& holds, std::int64_t deadline) {
  const bool is_one = std::ranges::all_of(
      futures, [&](const Future<T>& f) { return &f.state().engine() == &futures.front().state().engine(); });
  if (futures.empty()) return holds();
  return is_one ? futures.front().state().engine().help_until(holds, deadline) : wait_until(holds, deadline);
}

}  // namespace detail

/// Waits for all of them, or for the first one that is done, or that fails; at most `timeout`.
template <class T>
WaitResult<T> wait(const std::vector<Future<T>>& futures, Duration timeout = forever,
                   ReturnWhen when = ReturnWhen::all_completed) {
  auto is_done = [](const Future<T>& f) { return f.done(); };
  auto has_failed = [](const Future<T>& f) { return f.done() && f.state().has_failed(); };
  auto holds = [&] {
    if (when == ReturnWhen::first_completed && std::ranges::any_of(futures, is_done)) return true;
    if (when == ReturnWhen::first_exception && std::ranges::any_of(futures, has_failed)) return true;
    return std::ranges::all_of(futures, is_done);
  };
  detail::wait_for<T>(futures, holds, detail::deadline_after(timeout));
  WaitResult<T> result;
  for (const Future<T>& future : futures) (is_done(future) ? result.done : result.not_done).push_back(future);
  return result;
}

/// The futures in the order in which they are done: `for (auto& f : mp::as_completed(futures))`. Throws TimeoutError
/// when the next one is not done before `timeout`, counted from the call.
template <class T>
class as_completed {
 public:
  explicit as_completed(std::vector<Future<T>> futures, Duration timeout = forever)
      : left_(std::move(futures)), deadline_(detail::deadline_after(timeout)) {}

  class Iterator {
   public:
    using value_type = Future<T>;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(as_completed& all) : all_(&all) { ++*this; }
    const Future<T>& operator*() const { return *all_->current_; }
    Iterator& operator++() {
      all_->take_next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !all_->current_; }

   private:
    as_completed* all_;
  };
  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  void take_next() {
    current_.reset();
    if (left_.empty()) return;
    auto next = left_.end();
    const auto holds = [&] {
      next = std::ranges::find_if(left_, [](const Future<T>& f) { return f.done(); });
      return next != left_.end();
    };
    if (!detail::wait_for<T>(left_, holds, deadline_))
      throw TimeoutError(Code::deadline_exceeded, std::to_string(left_.size()) + " futures were not done in time");
    current_ = std::move(*next);
    left_.erase(next);
  }

  std::vector<Future<T>> left_;
  const std::int64_t deadline_;
  std::optional<Future<T>> current_;
};

}  // namespace flynn::mp

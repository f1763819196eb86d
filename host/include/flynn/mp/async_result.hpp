#pragma once
#include <memory>
#include <utility>

#include <flynn/mp/batch.hpp>

namespace flynn::mp {

/// What a task of a Pool will give. Copies stand for the same outcome. May outlive its pool.
template <class T>
class AsyncResult {
 public:
  AsyncResult() = default;  ///< of nothing
  explicit AsyncResult(std::shared_ptr<detail::ValueState<T>> state) : state_(std::move(state)) {}

  /// Waits, and gives the result. Throws TimeoutError when it is not there in time, RemoteError when the function
  /// threw, WorkerDied when its process ended; a new object each time.
  T get(Duration timeout = forever) const {
    state_->check(timeout);
    return state_->get();
  }
  Result<T> try_get(Duration timeout = forever) const {
    return detail::settled(*state_, timeout).map([this]() -> T {
      if constexpr (!std::is_void_v<T>) return state_->get();
    });
  }
  /// Waits for success or failure. Says whether it came in time.
  bool wait(Duration timeout = forever) const { return state_->wait(timeout); }
  bool ready() const { return state_->is_ready(); }
  /// Of a ready one: whether it has a result. Throws Error before.
  bool successful() const {
    if (!ready()) throw Error(Code::invalid_argument, "successful() was asked of a result that is not ready");
    return !state_->has_failed();
  }

  /// Has `function(result)` called when it is there. On the pool's own thread, one callback after the other; it may use
  /// the pool. What it throws comes out of the pool's join().
  template <class F>
  const AsyncResult& callback(F function) const {
    state_->when_ready([state = state_, function = std::move(function)]() mutable {
      if (state->has_failed()) return;
      if constexpr (std::is_void_v<T>)
        function();
      else
        function(state->get());
    });
    return *this;
  }
  /// The same with the Error when it has failed.
  template <class F>
  const AsyncResult& error_callback(F function) const {
    state_->when_ready([state = state_, function = std::move(function)]() mutable {
      if (state->has_failed()) function(detail::error_of(*state));
    });
    return *this;
  }

 private:
  std::shared_ptr<detail::ValueState<T>> state_;
};

}  // namespace flynn::mp

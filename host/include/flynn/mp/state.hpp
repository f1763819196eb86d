#pragma once
// What is common to everything that comes later: the outcome of a task in a process or a thread.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <flynn/mp/error.hpp>

namespace flynn::mp {

/// How long to wait; `forever` is the default everywhere.
using Duration = std::chrono::nanoseconds;
inline constexpr Duration forever = Duration::max();

namespace detail {

/// monotonic nanoseconds at which a wait ends.
FLYNN_API std::int64_t deadline_after(Duration limit);
/// What is left until then.
FLYNN_API Duration time_until(std::int64_t deadline);

class State;

/// What runs tasks and makes their states ready.
class FLYNN_API Engine {
 public:
  virtual ~Engine() = default;
  /// Waits until it holds or the time comes, and helps meanwhile. Says whether it holds.
  virtual bool help_until(const std::function<bool()>& holds, std::int64_t deadline) = 0;
  /// Calls it on the engine's own thread.
  virtual void call_later(std::function<void()> callback) = 0;
  /// Takes back a task that has not begun. Says whether it could.
  virtual bool cancel(State& state) = 0;
};

/// Waits without helping, for what several engines do.
FLYNN_API bool wait_until(const std::function<bool()>& holds, std::int64_t deadline);

/// An outcome: nothing yet, a value (which a derived class holds), or why there is none.
class FLYNN_API State {
 public:
  explicit State(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
  virtual ~State() = default;
  State(const State&) = delete;

  bool is_ready() const { return is_ready_.load(std::memory_order_acquire); }
  bool wait(Duration limit);
  /// Waits, and throws TimeoutError, or what went wrong.
  void check(Duration limit);
  bool cancel() { return !is_ready() && engine_->cancel(*this); }

  // Of a ready one.
  const std::optional<Failure>& failure() const { return failure_; }
  const std::exception_ptr& thrown() const { return thrown_; }
  bool has_failed() const { return failure_ || thrown_; }

  /// Called on the engine's own thread when it is ready, or soon if it is already.
  void when_ready(std::function<void()> callback);

  // For the engine. The first failure counts.
  void fail(Failure failure);
  void fail(std::exception_ptr thrown);
  void finish();
  void set_running() { is_running_.store(true, std::memory_order_relaxed); }
  bool is_running() const { return is_running_.load(std::memory_order_relaxed) && !is_ready(); }
  Engine& engine() const { return *engine_; }

 private:
  const std::shared_ptr<Engine> engine_;
  std::mutex mutex_;
  std::atomic<bool> is_ready_{false}, is_running_{false};
  std::optional<Failure> failure_;
  std::exception_ptr thrown_;
  std::vector<std::function<void()>> callbacks_;
};

/// Throws what a ready state failed with; nothing if it has not.
FLYNN_API void rethrow(const State& state);
/// The same as an Error.
FLYNN_API Error error_of(const State& state);
/// Waits; what went wrong, or that it was not there in time, as an Error.
FLYNN_API Result<void> settled(State& state, Duration limit);

}  // namespace detail

}  // namespace flynn::mp

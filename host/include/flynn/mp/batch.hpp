#pragma once
// The tasks of one call, typed: what the pool sends and what it makes of the answers.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <ranges>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <flynn/mp/callable.hpp>
#include <flynn/mp/state.hpp>

namespace flynn::mp {

/// How a task is to be run.
struct TaskOptions {
  /// It fails with TimeoutError when it is not done so long after it was submitted; a worker that is busy with it is
  /// killed and replaced.
  Duration timeout = forever;
  /// How often it may be run again when a worker dies of it. Only for tasks that may be run twice. After two workers it
  /// is given up in any case.
  unsigned retries = 0;
};

namespace detail {

class FLYNN_API Batch : public State {
 public:
  Batch(std::shared_ptr<Engine> engine, std::size_t tasks, CodePlace code, CodePlace target, TaskOptions options)
      : State(std::move(engine)), tasks_(tasks), left_(tasks), code_(code), target_(target), options_(options) {}

  std::size_t tasks() const { return tasks_; }
  CodePlace code() const { return code_; }
  CodePlace target() const { return target_; }
  const TaskOptions& options() const { return options_; }

  virtual void encode(std::size_t task, Writer& out) const = 0;
  virtual void decode(std::size_t task, Reader& in) = 0;
  /// For people; `item` is which of the task's it was that failed.
  virtual std::string describe(std::size_t task, std::optional<std::size_t> item) const = 0;

  /// A task is over, well or not.
  void task_is_over() {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) all_are_over();
  }
  void all_are_over() {
    try {
      if (!has_failed()) complete();
    } catch (...) {
      fail(std::current_exception());
    }
    release();
    finish();
  }

 protected:
  /// All tasks went well.
  virtual void complete() {}
  /// The arguments are not needed any more: an end of a pipe among them must not stay open as long as somebody has the
  /// result.
  virtual void release() {}

 private:
  const std::size_t tasks_;
  std::atomic<std::size_t> left_;
  const CodePlace code_, target_;
  const TaskOptions options_;
};

/// What runs the tasks of batches.
class FLYNN_API BatchEngine : public Engine {
 public:
  /// `is_awaited`: the caller waits for it at once, so nobody else needs to. Throws Error when it takes no more.
  virtual void submit(const std::shared_ptr<Batch>& batch, bool is_awaited) = 0;
  virtual unsigned workers() const = 0;
};

/// What a call gives back: a T, or nothing.
template <class T>
class ValueState : public Batch {
 public:
  using Value = T;
  using Batch::Batch;
  T take() { return std::move(*value); }
  const T& get() const { return *value; }
  std::optional<T> value;
};
template <>
class ValueState<void> : public Batch {
 public:
  using Value = void;
  using Batch::Batch;
  void take() {}
  void get() const {}
};

/// One argument, as it is held until it was sent: `A` itself where it is what the function takes and its owner waits. A
/// vector of numbers that its owner gives away is taken, for the memory.
template <class P, class A>
using Borrowed =
    std::conditional_t<std::is_same_v<P, std::remove_cvref_t<A>> && (std::is_lvalue_reference_v<A> || !is_numbers<P>),
                       const P&, P>;
template <class Arguments, class... A>
struct BorrowedArguments;
template <class... P, class... A>
struct BorrowedArguments<std::tuple<P...>, A...> {
  using type = std::tuple<Borrowed<P, A>...>;
};

/// One task. `Held` are its arguments, or references to them.
template <class F, class Arguments, class Held = Arguments>
class OneCall : public ValueState<typename ResultOf<F, Arguments>::type> {
 public:
  using Result = typename ResultOf<F, Arguments>::type;
  OneCall(std::shared_ptr<Engine> engine, TaskOptions options, F function, Held arguments)
      : ValueState<Result>(std::move(engine), 1, runner_place<RunOnce<F, Arguments>>(), target_of(function), options),
        function_(std::move(function)),
        arguments_(std::in_place, std::move(arguments)) {}

  void encode(std::size_t, Writer& out) const override {
    write_function(function_, out);
    std::apply([&](const auto&... argument) { (write_lasting(out, argument), ...); }, *arguments_);
  }
  void decode(std::size_t, [[maybe_unused]] Reader& in) override {
    if constexpr (!std::is_void_v<Result>) {
      Result& result = this->value.emplace();
      if (this->options().retries == 0)
        std::apply([&](auto&... argument) { (reuse(argument, result), ...); }, *arguments_);
      read_lasting(in, result);
    }
  }
  std::string describe(std::size_t, std::optional<std::size_t>) const override { return "the task"; }

 private:
  void release() override { arguments_.reset(); }
  /// The memory of an argument that was sent serves the result.
  template <class A, class R>
  static void reuse([[maybe_unused]] A& argument, [[maybe_unused]] R& result) {
    if constexpr (is_numbers<R> && std::is_same_v<A, R>)
      if (argument.capacity() > result.capacity()) result = std::move(argument);
  }

  const F function_;
  std::optional<Held> arguments_;
};

template <class R>
using Results = std::conditional_t<std::is_void_v<R>, void, std::vector<std::conditional_t<std::is_void_v<R>, int, R>>>;

/// Whether an item is the one argument, or a tuple of all of them.
enum class Item { argument, arguments };

/// Tasks of `chunk` items each. `Items` is a container, or a reference to one that outlives this.
template <class F, class Arguments, class Items, Item kind>
class ManyCalls : public ValueState<Results<typename ResultOf<F, Arguments>::type>> {
 public:
  using Result = typename ResultOf<F, Arguments>::type;
  ManyCalls(std::shared_ptr<Engine> engine, TaskOptions options, F function, Items&& items, std::size_t chunk)
      : ValueState<Results<Result>>(std::move(engine), (std::ranges::size(items) + chunk - 1) / chunk,
                                    runner_place<RunMany<F, Arguments>>(), target_of(function), options),
        function_(std::move(function)),
        items_(std::forward<Items>(items)),
        chunk_(chunk) {
    if constexpr (!std::is_void_v<Result>) results_.resize(std::ranges::size(items_));
  }

  void encode(std::size_t task, Writer& out) const override {
    const auto [begin, end] = range_of(task);
    write_function(function_, out);
    out(std::uint64_t(end - begin));
    auto item = std::ranges::next(std::ranges::begin(items_), std::ptrdiff_t(begin));
    for (std::size_t i = begin; i < end; ++i, ++item) put(*item, out);
  }
  void decode(std::size_t task, [[maybe_unused]] Reader& in) override {
    if constexpr (!std::is_void_v<Result>) {
      const auto [begin, end] = range_of(task);
      for (std::size_t i = begin; i < end; ++i) {
        Result result;
        in(result);
        results_[i] = std::move(result);
      }
    }
  }
  std::string describe(std::size_t task, std::optional<std::size_t> item) const override {
    const auto [begin, end] = range_of(task);
    if (item || end - begin == 1) return "item " + std::to_string(begin + item.value_or(0));
    return "the task of items " + std::to_string(begin) + " to " + std::to_string(end - 1);
  }

 private:
  void complete() override {
    if constexpr (!std::is_void_v<Result>) {
      this->value.emplace().reserve(results_.size());
      for (auto& result : results_) this->value->push_back(std::move(*result));
      results_.clear();
    }
  }
  std::pair<std::size_t, std::size_t> range_of(std::size_t task) const {
    return {task * chunk_, std::min((task + 1) * chunk_, std::size_t(std::ranges::size(items_)))};
  }
  /// The bytes of one argument are those of a tuple that has only it.
  template <class T>
  static void put(const T& item, Writer& out) {
    using Sent =
        std::conditional_t<kind == Item::arguments, std::type_identity<Arguments>, std::tuple_element<0, Arguments>>;
    if constexpr (std::is_same_v<T, typename Sent::type>)
      out(item);
    else
      out(typename Sent::type(item));
  }

  const F function_;
  Items items_;
  const std::size_t chunk_;
  std::vector<std::optional<std::conditional_t<std::is_void_v<Result>, char, Result>>> results_;
};

}  // namespace detail

}  // namespace flynn::mp

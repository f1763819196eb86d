#pragma once
// Where calls go: a Context has backends, a pool and a budget. Most programs use the standard one without naming it.

#include <chrono>
#include <concepts>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include <flynn/calibration.hpp>
#include <flynn/inventory.hpp>
#include <flynn/report.hpp>
#include <flynn/status.hpp>
#include <flynn/workloads.hpp>

namespace flynn {

class Context;

/// How a call is to run. `flynn::sum(x, {.backend = "threads"})`.
struct Options {
  /// "auto", or the one backend that may run it: then it runs there or is an error. "verify": two or more that share
  /// no kernel do the same work, and it is an error when they disagree; "verify:threads,opencl" names them. Empty: what
  /// FLYNN_BACKEND says, else auto.
  std::string_view backend = {};
  int device = -1;       ///< of a device backend, as `compute_bench list` counts them; -1: its best
  unsigned threads = 0;  ///< at most so many, within the budget of the context; 0: all of it
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
  std::stop_token stop = {};
  /// A device backend works in a process of its own: a driver that crashes or hangs costs the call, with a deadline also
  /// in the second case, and the next one gets a new process. Memory is copied there and back. Nothing to host backends.
  bool isolate = false;
  Report* report = nullptr;    ///< where to write what the call did
  Context* context = nullptr;  ///< null: the standard one
};

/// What `submit` delivers.
template <class T>
struct Outcome {
  T value;
  Report report;
};
template <>
struct Outcome<void> {
  Report report;
};

class FLYNN_API Context {
 public:
  struct Settings {
    unsigned threads = 0;  ///< budget: at most so many, within affinity mask and CPU quota; 0: as many as those allow
    /// Its threads and worker processes are on these CPUs only, as the system numbers them: two contexts that have half
    /// of them each do not disturb each other. The threads that call are yours. Empty: all that the mask allows.
    std::vector<int> cpus = {};
    /// Long calls ask it now and then, on the thread that called; true stops the call with `cancelled`.
    std::function<bool()> interrupt = {};
    /// Of another machine: the context explains what auto would do there, and every call is an error.
    std::optional<Inventory> inventory = {};
  };

  Context() : Context(Settings{}) {}
  /// Throws Error `invalid_argument` when it may use none of `settings.cpus`.
  explicit Context(Settings settings);
  /// Waits for the call that a submitted task is in; tasks that have not begun end with `cancelled`.
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// The one that calls without a context use. Made at the first use, and never destroyed, so that destructors of
  /// static objects may still call.
  static Context& standard();

  /// All known backends in the order of the registry, probed. The first call may open drivers.
  std::vector<BackendInfo> backends();
  /// One of them, without touching the others. Throws Error for an unknown name.
  BackendInfo backend(std::string_view name);
  /// How many threads a call may use here.
  unsigned threads() const;
  /// What auto goes by, read at the first decision or here.
  const CalibrationFile& calibration();

  /// An Array that a call uses.
  struct Use {
    Resident* resident;
    bool is_read, is_written;
  };
  /// A spec without its type.
  struct Request {
    std::size_t index;  ///< in AllSpecs
    const void* spec;
    Cost cost;
    std::span<const Use> arrays = {};
  };
  /// Runs a spec that has been checked. `used` is set to the backend that was tried. The typed functions below are the
  /// way in.
  Status execute(const Request& request, const Options& options, Text& text, std::string_view& used);
  /// What `execute` would do, and why. Opens no driver unless a calibration says that it is the fastest.
  Status explain(const Request& request, const Options& options, Text& text, Explanation& explanation);
  /// Runs `task` on the context's own thread, in order; `cancelled` tells it that the context is going away.
  void enqueue(std::function<void(bool cancelled)> task);
  /// The same for a task that uses these Arrays and no others, with these options: those that the task before it does
  /// not use go to their device while that still works.
  void enqueue(std::function<void(bool cancelled)> task, std::span<const Use> arrays, const Options& options);

 private:
  void fetch(Resident& resident, const Options& options);

  struct State;
  std::unique_ptr<State> state_;
};

namespace detail {

template <class W>
struct ValueOf {
  using type = void;
};
template <Reduces W>
struct ValueOf<W> {
  using type = decltype(W::finish(std::declval<typename W::Partial>()));
};

inline Error make_error(Status status, const Text& text, std::string_view backend) {
  std::string words = text.message[0] ? std::string(text.message) : std::string(name_of(status.code));
  return Error(status.code, std::move(words), std::string(backend), text.hint);
}

inline Context& context_of(const Options& options) { return options.context ? *options.context : Context::standard(); }

/// The Arrays of a spec.
struct Arrays {
  Context::Use uses[8];
  std::size_t count = 0;
  operator std::span<const Context::Use>() const { return {uses, count}; }
};

template <Spec W>
Arrays arrays_of(W w) {
  Arrays arrays;
  w.each_buffer([&](auto& view) {
    constexpr Access access = std::remove_reference_t<decltype(view)>::access;
    if (view.resident) arrays.uses[arrays.count++] = {view.resident, access != Access::write, access != Access::read};
  });
  return arrays;
}

template <Spec W>
tl::expected<void, Error> execute(const W& w, const Options& options) {
  Text text;
  std::string_view used;
  Status status = w.check(text);
  if (!status.ok() && options.report)
    *options.report = {.workload = W::name, .type = type_name<typename W::value_type>()};
  if (status.ok())
    status = context_of(options).execute({spec_index<W>(), &w, w.cost(), arrays_of(w)}, options, text, used);
  if (!status.ok()) return tl::unexpected(make_error(status, text, used));
  return {};
}

template <class T>
T value_or_throw(Result<T>&& result) {
  if (!result) throw std::move(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace detail

/// What a workload gives back: nothing when it writes to its views, the reduced value when it reduces.
template <class W>
using ValueOf = typename detail::ValueOf<W>::type;

/// Runs a spec; an Error instead of an exception. A reduction whose `result` view is empty gets one.
template <Spec W>
Result<ValueOf<W>> try_run(W w, const Options& options = {}) {
  if constexpr (Reduces<W>) {
    typename W::Partial partial;
    if (!w.result.data) w.result = {&partial, 1};
    if (auto done = detail::execute(w, options); !done) return tl::unexpected(std::move(done.error()));
    return W::finish(w.result[0]);
  } else {
    return detail::execute(w, options);
  }
}

/// Runs a spec; throws Error.
template <Spec W>
ValueOf<W> run(const W& w, const Options& options = {}) {
  return detail::value_or_throw(try_run(w, options));
}

/// Where a call would run and why; nothing is run and no memory is needed: `explain(Sum<float>::shape(1000)).text()`.
/// Throws Error for options that a call would refuse.
template <Spec W>
Explanation explain(const W& w, const Options& options = {}) {
  Text text;
  Explanation explanation;
  const detail::Arrays arrays = detail::arrays_of(w);
  const Status s =
      detail::context_of(options).explain({spec_index<W>(), &w, w.cost(), arrays}, options, text, explanation);
  if (!s.ok()) throw detail::make_error(s, text, {});
  return explanation;
}

namespace detail {

/// What the context's own thread does for submit().
template <class T, class F>
auto make_task(std::shared_ptr<std::promise<Outcome<T>>> promise, F function, Options options) {
  return [promise, function = std::move(function), options](bool cancelled) mutable {
    try {
      if (cancelled) throw Error(Code::cancelled, "the context was destroyed before the task began");
      Report report;
      if (!options.report) options.report = &report;
      if constexpr (std::is_void_v<T>) {
        function(std::as_const(options));
        promise->set_value({*options.report});
      } else {
        T value = function(std::as_const(options));
        promise->set_value({std::move(value), *options.report});
      }
    } catch (...) {
      promise->set_exception(std::current_exception());
    }
  };
}

}  // namespace detail

/// Calls `function(options)` on the context's own thread and delivers what it returns with the report of its last call.
/// The memory that it uses must live until then. The future throws Error; its destructor does not wait.
template <std::invocable<const Options&> F>
auto submit(F function, Options options = {}) -> std::future<Outcome<std::invoke_result_t<F&, const Options&>>> {
  using T = std::invoke_result_t<F&, const Options&>;
  auto promise = std::make_shared<std::promise<Outcome<T>>>();
  detail::context_of(options).enqueue(detail::make_task(promise, std::move(function), options));
  return promise->get_future();
}

/// Runs a spec on the context's own thread. While it runs on a device, the Arrays of the next one are uploaded.
template <Spec W>
std::future<Outcome<ValueOf<W>>> submit(W w, Options options = {}) {
  auto promise = std::make_shared<std::promise<Outcome<ValueOf<W>>>>();
  auto function = [w](const Options& o) { return run(w, o); };
  detail::context_of(options).enqueue(detail::make_task(promise, function, options), detail::arrays_of(w), options);
  return promise->get_future();
}

/// The backends of the standard context, see Context::backends.
inline std::vector<BackendInfo> backends() { return Context::standard().backends(); }

/// The version of the library, for example "0.1.0".
FLYNN_API std::string_view version();

}  // namespace flynn

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

#include <flynn/context.hpp>
#include <host/choose/decide.hpp>
#include <host/choose/prior.hpp>
#include <host/choose/store.hpp>
#include <host/cut/hosted.hpp>
#include <host/cut/on_device.hpp>
#include <host/cut/processes.hpp>
#include <host/detect/budget.hpp>
#include <host/detect/cpu.hpp>
#include <host/pools/cores.hpp>
#include <host/pools/floating_point.hpp>
#include <host/pools/process_pool.hpp>
#include <host/pools/scratch.hpp>
#include <host/pools/seats.hpp>
#include <host/pools/task_queue.hpp>
#include <host/pools/thread_pool.hpp>
#include <host/recover/move_on.hpp>
#include <host/registry.hpp>
#include <host/verify/verify.hpp>

namespace flynn {
namespace {

/// Counts the forks that this process is the child of.
std::atomic<unsigned> forks{0};

unsigned watch_forks() {
  static const int registered = pthread_atfork(nullptr, nullptr, [] {
    forks.fetch_add(1, std::memory_order_relaxed);
    process_cores().forget();
  });
  (void)registered;
  return forks.load(std::memory_order_relaxed);
}

/// Who may stop a call.
struct StopState {
  const std::stop_token& token;
  const std::function<bool()>& interrupt;
  std::thread::id caller;

  bool can_stop() const { return token.stop_possible() || interrupt; }
  static bool requested(const void* state) {
    const auto& s = *static_cast<const StopState*>(state);
    return s.token.stop_requested() || (s.interrupt && std::this_thread::get_id() == s.caller && s.interrupt());
  }
};

/// Before a call on the host: the values come there, and what it writes is out of date elsewhere.
Status bring_home(std::span<const Context::Use> arrays, Execution& execution) {
  for (const Context::Use& use : arrays) {
    const std::lock_guard lock(use.resident->mutex);
    if (const Status s = bring_home(*use.resident, execution); !s.ok()) return s;
    if (use.is_written) std::atomic_ref(use.resident->is_on_device).store(false, std::memory_order_relaxed);
  }
  return {};
}

/// Whether a backend is here and has that kernel; of a machine that is not here, as its inventory says.
Status check_kernel(const Entry& entry, const Inventory::Backend* replayed, std::size_t index, Text& text) {
  const SpecInfo& info = AllSpecs::infos[index];
  bool has_kernel;
  if (replayed) {
    if (!replayed->available) {
      hint(text, "%s", replayed->hint.c_str());
      return fail(text, Code::unavailable, "%s", replayed->reason.c_str());
    }
    has_kernel = std::ranges::find(replayed->missing, full_name_of(index)) == replayed->missing.end();
  } else {
    const OpenBackend& open = open_backend(entry);
    if (!open.status.ok()) {
      text = open.text;
      return open.status;
    }
    has_kernel = open.kernels[index];
  }
  if (has_kernel) return {};
  return fail(text, Code::unsupported, "%s has no kernel for %s of %s", entry.name.data(), info.workload.data(),
              info.type.data());
}

/// Throws Error when there are none.
std::vector<int> cpus_of(const Context::Settings& settings) {
  std::vector<int> cpus = detect::allowed_cpus(settings.cpus);
  if (!cpus.empty()) return cpus;
  throw Error(Code::invalid_argument, "this process may use none of the CPUs that the context is to have", {},
              "`compute_bench info` shows those that it may use");
}

/// How many cores a call on the host takes that has no pool, which looks after its own; 0 where that is not worth
/// telling others, or the work is elsewhere.
unsigned cores_wanted(const OpenBackend& open, const Cost& cost, const Execution& execution) {
  constexpr double long_seconds = 100e-6;
  if (open.entry->runs_on_host) return !execution.pool && static_prior(open.entry->kind, cost, 1) > long_seconds;
  const std::size_t device = execution.device < 0 ? 0 : std::size_t(execution.device);
  const bool is_cpu =
      open.backend->device_count && device < open.backend->device_count() && open.backend->device(device).is_cpu;
  return is_cpu ? execution.threads : 0;
}

std::int64_t deadline_ns(const Options& options) {
  if (!options.deadline) return no_deadline;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(options.deadline->time_since_epoch()).count();
}

}  // namespace

struct Context::State {
  Settings settings;
  std::vector<int> cpus;  ///< of its threads and processes
  unsigned threads;
  unsigned forks_at_start;
  std::string environment_backend;  ///< FLYNN_BACKEND; empty when not set
  std::once_flag thread_pool_once;
  std::unique_ptr<ThreadPool> thread_pool;
  std::mutex process_pool_mutex;
  std::unique_ptr<ProcessPool> process_pool;
  std::array<std::unique_ptr<ProcessPool>, Model::most_backends> device_pools;  ///< of isolated calls, by backend
  std::mutex chooser_mutex;
  std::optional<Chooser> chooser;
  std::atomic<Chooser*> ready_chooser{nullptr};
  CalibrationFile calibration;
  TaskQueue tasks;  ///< goes first: a task that runs uses what stands above

  /// What auto goes by. The first time it reads the calibration, which takes milliseconds.
  Chooser& chooser_to_use() {
    Chooser* const ready = ready_chooser.load(std::memory_order_acquire);
    return ready ? *ready : make_chooser();
  }
  Chooser& make_chooser() {
    const std::lock_guard lock(chooser_mutex);
    if (!chooser && settings.inventory) chooser.emplace(*settings.inventory);
    if (!chooser) {
      calibration = load_calibration(threads);
      chooser.emplace(calibration);
    }
    ready_chooser.store(&*chooser, std::memory_order_release);
    return *chooser;
  }
  Status decide(const Options& options, const Question& question, Decision& decision, Text& text) {
    if (Status s = read_request(options, environment_backend, decision, text); !s.ok()) return s;
    if (decision.count == 0) decision.entries[decision.count++] = &chooser_to_use().choose(question, decision.reason);
    return {};
  }
  Question question_of(const Request& request, const Options& options) const {
    const unsigned most = options.threads == 0 ? threads : std::min(options.threads, threads);
    return {request.index, request.cost, request.arrays, most, options.device};
  }

  ThreadPool& threads_to_use() {
    std::call_once(thread_pool_once, [this] {
      thread_pool = std::make_unique<ThreadPool>(threads, cpus, nodes_of(cpus), &process_cores());
    });
    return *thread_pool;
  }

  /// Throws Error; the next call tries again.
  ProcessPool& processes_to_use() {
    const std::lock_guard lock(process_pool_mutex);
    if (!process_pool) {
      ProcessPool::Settings pool{.program = processes::worker_program(), .workers = threads};
      for (const Seat& seat : choose_seats(threads, cpus, nodes_of(cpus), -1)) pool.cpus.push_back(seat.cpu);
      process_pool = std::make_unique<ProcessPool>(std::move(pool), &process_cores());
    }
    return *process_pool;
  }

  /// The process for isolated calls on that backend. Not pinned: a CPU device uses all cores. Throws Error.
  ProcessPool& process_of(const Entry& entry) {
    const std::lock_guard lock(process_pool_mutex);
    std::unique_ptr<ProcessPool>& pool = device_pools[index_of(entry)];
    if (!pool)
      pool = std::make_unique<ProcessPool>(ProcessPool::Settings{.program = processes::worker_program(), .workers = 1});
    return *pool;
  }

  Status check_here(const Decision& decision, const Request& request, bool isolate, Text& text) const;
  Status run(const Entry& entry, const Request& request, bool isolate, Execution& execution);
  Status run_isolated(const Entry& entry, const Request& request, Execution& execution);
  Status run_verified(std::span<const Entry* const> entries, const Request& request, bool isolate,
                      Execution& execution);
  Status run_decided(Decision& decision, Question& question, const Request& request, bool isolate, Execution& execution,
                     std::vector<Error>& failures);

  /// What a backend works with; null where it needs nothing.
  Status pool_for(const Entry& entry, void*& pool, Text& text) {
    try {
      if (entry.kind == FlynnClass::mimd_threads) pool = &threads_to_use();
      if (entry.kind == FlynnClass::mimd_processes) pool = &processes_to_use();
      if (!entry.runs_on_host) pool = &process_of(entry);  // of an isolated call
      return {};
    } catch (const Error& error) {
      hint(text, "%s", error.hint().c_str());
      return fail(text, error.code(), "%s", error.text().c_str());
    }
  }
};

Context::Context(Settings settings) : state_(std::make_unique<State>()) {
  state_->cpus = cpus_of(settings);
  state_->threads =
      settings.inventory ? std::max(settings.inventory->threads, 1u) : detect::budget(settings.threads, state_->cpus);
  process_cores().resize(detect::budget());
  state_->settings = std::move(settings);
  state_->forks_at_start = watch_forks();
  const char* variable = secure_getenv("FLYNN_BACKEND");
  state_->environment_backend = variable ? variable : "";
}

Context::~Context() {
  // A forked child has none of the threads that would be waited for, and the workers are its parent's.
  if (forks.load(std::memory_order_relaxed) != state_->forks_at_start) (void)state_.release();
}

Context& Context::standard() {
  static Context& context = *new Context;
  return context;
}

unsigned Context::threads() const { return state_->threads; }

const CalibrationFile& Context::calibration() {
  (void)state_->chooser_to_use();
  return state_->calibration;
}

/// Runs a spec on a backend that has a kernel for it.
Status Context::State::run(const Entry& entry, const Request& request, bool isolate, Execution& execution) {
  if (isolate && !entry.runs_on_host) return run_isolated(entry, request, execution);
  const OpenBackend& open = open_backend(entry);
  if (entry.runs_on_host)
    if (Status s = pool_for(entry, execution.pool, *execution.text); !s.ok()) return s;
  if (!open.backend->fetch)
    if (Status s = bring_home(request.arrays, execution); !s.ok()) return s;
  if (entry.runs_on_host && !execution.pool) execution.threads = 1;
  const CoreLease cores(&process_cores(), cores_wanted(open, request.cost, execution));
  // A part of a CPU device is a device of its own: an Array that calls read at the same time would move between them.
  if (cores.count() > 0 && (entry.runs_on_host || request.arrays.empty())) execution.threads = cores.count();
  const FloatingPointGuard floating_point;
  if (Status s = poll(execution); !s.ok()) return s;
  if (entry.runs_on_host) return open.kernels[request.index](request.spec, execution);
  return run_on_device(open, request, execution);
}

/// Runs a spec on a device backend that another process has opened.
Status Context::State::run_isolated(const Entry& entry, const Request& request, Execution& execution) {
  if (Status s = pool_for(entry, execution.pool, *execution.text); !s.ok()) return s;
  if (Status s = bring_home(request.arrays, execution); !s.ok()) return s;
  return hosted::run(entry, request, *static_cast<ProcessPool*>(execution.pool), execution);
}

/// Whether what was decided on can run here; of what is isolated, its process will say.
Status Context::State::check_here(const Decision& decision, const Request& request, bool isolate, Text& text) const {
  if (settings.inventory) {
    hint(text, "ask explain() what it would do");
    return fail(text, Code::unavailable,
                "this context has the inventory of another machine: it decides and runs nothing");
  }
  for (const Entry* entry : decision.all()) {
    if (isolate && !entry->runs_on_host) continue;
    if (Status s = check_kernel(*entry, nullptr, request.index, text); !s.ok()) return s;
  }
  return {};
}

/// As was decided; where auto gave it to a device that fails, elsewhere.
Status Context::State::run_decided(Decision& decision, Question& question, const Request& request, bool isolate,
                                   Execution& execution, std::vector<Error>& failures) {
  if (decision.is_verified()) return run_verified(decision.all(), request, isolate, execution);
  if (decision.first().runs_on_host || decision.requested != "auto")
    return run(decision.first(), request, isolate, execution);
  try {
    return run_or_move_on(question, *ready_chooser, request, isolate, decision, execution, failures, [&] {
      const Status s = check_here(decision, request, isolate, *execution.text);
      return s.ok() ? run(decision.first(), request, isolate, execution) : s;
    });
  } catch (const std::bad_alloc&) {
    return fail(*execution.text, Code::out_of_memory, "no memory to begin anew after a device has failed");
  }
}

/// Runs a spec on several, and compares what they say.
Status Context::State::run_verified(std::span<const Entry* const> entries, const Request& request, bool isolate,
                                    Execution& execution) {
  try {
    if (Status s = bring_home(request.arrays, execution); !s.ok()) return s;
    std::vector<Witness> witnesses;
    unsigned threads = 0;
    for (const Entry* entry : entries)
      witnesses.push_back({entry->name, [&, entry](const void* spec) {
                             Execution mine = execution;
                             const Status s = run(*entry, {request.index, spec, request.cost}, isolate, mine);
                             threads = std::max(threads, mine.threads);
                             return s;
                           }});
    const Status status = verify(request.index, request.spec, witnesses, *execution.text);
    execution.threads = threads;
    return status;
  } catch (const std::bad_alloc&) {
    return fail(*execution.text, Code::out_of_memory, "no memory for a second run of %s",
                AllSpecs::infos[request.index].workload.data());
  }
}

Status Context::execute(const Request& request, const Options& options, Text& text, std::string_view& used) {
  const SpecInfo& info = AllSpecs::infos[request.index];
  if (options.report) *options.report = {.workload = info.workload, .type = info.type};
  if (forks.load(std::memory_order_relaxed) != state_->forks_at_start) {
    hint(text, "start workers with exec, or make the first call after the fork");
    return fail(text, Code::unavailable,
                "this process was forked after flynn's first use; its threads did not come along");
  }
  const std::int64_t begin = options.report ? monotonic_ns() : 0;
  Question question = state_->question_of(request, options);
  Decision decision;
  if (Status s = state_->decide(options, question, decision, text); !s.ok()) return s;
  used = decision.first().name;
  if (Status s = state_->check_here(decision, request, options.isolate, text); !s.ok()) return s;

  const StopState stop{options.stop, state_->settings.interrupt, std::this_thread::get_id()};
  Clocks clocks;
  Execution execution{.threads = question.threads,
                      .device = options.device,
                      .text = &text,
                      .clocks = &clocks,
                      .deadline = deadline_ns(options),
                      .stop_requested = stop.can_stop() ? StopState::requested : nullptr,
                      .stop_state = &stop,
                      .scratch = thread_scratch,
                      .bypass_caches = request.cost.bytes > double(detect::cpu().last_cache_bytes()),
                      .many_streams = detect::cpu().gains_from_streams};
  std::vector<Error> failures;
  const Status status = state_->run_decided(decision, question, request, options.isolate, execution, failures);
  used = decision.first().name;
  if (Report* r = options.report) {
    r->requested = decision.requested;
    r->used = used;
    r->architecture = architecture_of(decision.first());
    r->kind = decision.is_verified() ? FlynnClass::misd : decision.first().kind;
    for (std::size_t i = 1; i < decision.count; ++i) r->verified_by[i - 1] = decision.entries[i]->name;
    r->reason = decision.reason;
    r->outputs = status.ok() ? Outputs::written : execution.outputs_kept ? Outputs::unchanged : Outputs::unspecified;
    r->threads = execution.threads;
    r->clocks = clocks;
    r->seconds = double(monotonic_ns() - begin) * 1e-9;
    r->explanation = flynn::explain(question, state_->ready_chooser, decision);
    r->recovered_from = std::move(failures);
  }
  return status;
}

Status Context::explain(const Request& request, const Options& options, Text& text, Explanation& explanation) {
  const Question question = state_->question_of(request, options);
  const Chooser& chooser = state_->chooser_to_use();
  Decision decision;
  if (Status s = state_->decide(options, question, decision, text); !s.ok()) return s;
  for (const Entry* entry : decision.all())
    if (Status s = check_kernel(*entry, chooser.replayed(*entry), request.index, text); !s.ok()) return s;
  explanation = flynn::explain(question, &chooser, decision);
  return {};
}

void Context::enqueue(std::function<void(bool cancelled)> task) { state_->tasks.push({std::move(task)}); }

void Context::enqueue(std::function<void(bool cancelled)> task, std::span<const Use> arrays, const Options& options) {
  TaskQueue::Task known{std::move(task), std::vector<const void*>()};
  for (const Use& use : arrays) known.memories->push_back(use.resident);
  known.prepare = [this, uses = std::vector(arrays.begin(), arrays.end()),
                   options](const std::vector<const void*>& busy) {
    for (const Use& use : uses)
      if (use.is_read && std::ranges::find(busy, use.resident) == busy.end()) fetch(*use.resident, options);
  };
  state_->tasks.push(std::move(known));
}

/// Failures are the call's to report.
void Context::fetch(Resident& resident, const Options& options) {
  Text text;
  Decision decision;
  // How much work there is to come is not known here: auto stays on the host.
  const Question question{0, {}, {}, 1, options.device};
  if (!state_->decide(options, question, decision, text).ok()) return;
  if (decision.is_verified()) return;
  if (decision.first().runs_on_host || options.isolate) return;
  const OpenBackend& open = open_backend(decision.first());
  Execution execution{.threads = state_->threads, .device = options.device, .text = &text};
  if (open.status.ok() && open.backend->fetch) (void)open.backend->fetch(resident, execution);
}

std::string_view version() { return FLYNN_VERSION; }

}  // namespace flynn

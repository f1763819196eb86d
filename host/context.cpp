#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include <flynn/context.hpp>
#include <host/choose/names.hpp>
#include <host/choose/prior.hpp>
#include <host/cut/processes.hpp>
#include <host/detect/budget.hpp>
#include <host/detect/cpu.hpp>
#include <host/module.hpp>
#include <host/pools/floating_point.hpp>
#include <host/pools/process_pool.hpp>
#include <host/pools/scratch.hpp>
#include <host/pools/seats.hpp>
#include <host/pools/task_queue.hpp>
#include <host/pools/thread_pool.hpp>
#include <host/registry.hpp>
#include <simd/kernels.hpp>

namespace flynn {
namespace {

/// Counts the forks that this process is the child of.
std::atomic<unsigned> forks{0};

unsigned watch_forks() {
  static const int registered = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  (void)registered;
  return forks.load(std::memory_order_relaxed);
}

const Entry* find_entry(std::string_view name) {
  for (const Entry& entry : registry())
    if (entry.name == name) return &entry;
  return nullptr;
}

Status unknown_backend(Text& text, std::string_view name, bool from_environment) {
  std::vector<std::string_view> names = {"auto"};
  for (const Entry& entry : registry()) names.push_back(entry.name);
  const std::string nearest(nearest_name(name, names)), known = known_names(names);
  hint(text, "did you mean %s?", nearest.c_str());
  return fail(text, Code::invalid_argument, "unknown backend \"%.*s\"%s; known are %s",
              int(std::min<std::size_t>(name.size(), 40)), name.data(), from_environment ? " in FLYNN_BACKEND" : "",
              known.c_str());
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

/// Where a call shall run and why.
struct Decision {
  const Entry* entry;
  std::string_view requested;
  Reason reason;
};

Status decide(const Options& options, std::string_view environment, const Cost& cost, unsigned threads,
              Decision& decision, Text& text) {
  const bool from_environment = options.backend.empty() && !environment.empty();
  const std::string_view name = from_environment ? environment : options.backend;
  if (name.empty() || name == "auto") {
    const PriorChoice prior = static_prior(cost, threads);
    decision = {find_entry(prior.backend), "auto", prior.reason};
    return {};
  }
  decision = {find_entry(name), name, from_environment ? Reason::environment : Reason::requested};
  if (!decision.entry) return unknown_backend(text, name, from_environment);
  decision.requested = decision.entry->name;
  return {};
}

/// Before a call on the host: the values come there, and what it writes is out of date elsewhere.
Status bring_home(std::span<const Context::Use> arrays, Execution& execution) {
  for (const Context::Use& use : arrays) {
    const std::lock_guard lock(use.resident->mutex);
    if (const Status s = bring_home(*use.resident, execution); !s.ok()) return s;
    if (use.is_written) use.resident->is_on_device = false;
  }
  return {};
}

std::int64_t deadline_ns(const Options& options) {
  if (!options.deadline) return no_deadline;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(options.deadline->time_since_epoch()).count();
}

}  // namespace

struct Context::State {
  Settings settings;
  unsigned threads;
  unsigned forks_at_start;
  std::string environment_backend;  ///< FLYNN_BACKEND; empty when not set
  std::once_flag thread_pool_once;
  std::unique_ptr<ThreadPool> thread_pool;
  std::mutex process_pool_mutex;
  std::unique_ptr<ProcessPool> process_pool;
  TaskQueue tasks;

  ThreadPool& threads_to_use() {
    std::call_once(thread_pool_once, [this] {
      const std::vector<int> cpus = detect::allowed_cpus();
      thread_pool = std::make_unique<ThreadPool>(threads, cpus, nodes_of(cpus));
    });
    return *thread_pool;
  }

  /// Throws Error; the next call tries again.
  ProcessPool& processes_to_use() {
    const std::lock_guard lock(process_pool_mutex);
    if (!process_pool) {
      ProcessPool::Settings pool{.program = processes::worker_program(), .workers = threads};
      const std::vector<int> cpus = detect::allowed_cpus();
      for (const Seat& seat : choose_seats(threads, cpus, nodes_of(cpus), -1)) pool.cpus.push_back(seat.cpu);
      process_pool = std::make_unique<ProcessPool>(std::move(pool));
    }
    return *process_pool;
  }

  /// What the backend of that class works with; null where it needs nothing.
  Status pool_for(FlynnClass kind, void*& pool, Text& text) {
    try {
      if (kind == FlynnClass::mimd_threads) pool = &threads_to_use();
      if (kind == FlynnClass::mimd_processes) pool = &processes_to_use();
      return {};
    } catch (const Error& error) {
      hint(text, "%s", error.hint().c_str());
      return fail(text, error.code(), "%s", error.text().c_str());
    }
  }
};

Context::Context(Settings settings) : state_(std::make_unique<State>()) {
  state_->threads = detect::budget(settings.threads);
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

Status Context::execute(const Request& request, const Options& options, Text& text, std::string_view& used) {
  const SpecInfo& info = AllSpecs::infos[request.index];
  if (options.report) *options.report = {.workload = info.workload, .type = info.type};
  if (forks.load(std::memory_order_relaxed) != state_->forks_at_start) {
    hint(text, "start workers with exec, or make the first call after the fork");
    return fail(text, Code::unavailable,
                "this process was forked after flynn's first use; its threads did not come along");
  }
  const std::int64_t begin = options.report ? monotonic_ns() : 0;
  const unsigned threads = options.threads == 0 ? state_->threads : std::min(options.threads, state_->threads);
  Decision decision;
  if (Status s = decide(options, state_->environment_backend, request.cost, threads, decision, text); !s.ok()) return s;
  used = decision.entry->name;
  const OpenBackend& open = open_backend(*decision.entry);
  if (!open.status.ok()) {
    text = open.text;
    return open.status;
  }
  const Kernel kernel = open.kernels[request.index];
  if (!kernel)
    return fail(text, Code::unsupported, "%.*s has no kernel for %.*s of %.*s", int(used.size()), used.data(),
                int(info.workload.size()), info.workload.data(), int(info.type.size()), info.type.data());

  const StopState stop{options.stop, state_->settings.interrupt, std::this_thread::get_id()};
  Clocks clocks;
  Execution execution{.threads = threads,
                      .device = options.device,
                      .text = &text,
                      .clocks = &clocks,
                      .deadline = deadline_ns(options),
                      .stop_requested = stop.can_stop() ? StopState::requested : nullptr,
                      .stop_state = &stop,
                      .scratch = thread_scratch,
                      .bypass_caches = request.cost.bytes > double(detect::cpu().last_cache_bytes())};
  Status status = state_->pool_for(decision.entry->kind, execution.pool, text);
  if (status.ok() && !open.backend->fetch) status = bring_home(request.arrays, execution);
  if (decision.entry->runs_on_host && !execution.pool) execution.threads = 1;
  if (status.ok()) {
    const FloatingPointGuard floating_point;
    status = poll(execution);
    if (status.ok()) status = kernel(request.spec, execution);
  }
  if (Report* r = options.report) {
    r->requested = decision.requested;
    r->used = used;
    r->architecture =
        decision.entry->runs_on_host && decision.entry->kind != FlynnClass::sisd ? simd::architecture() : "";
    r->kind = decision.entry->kind;
    r->reason = decision.reason;
    r->outputs = status.ok() ? Outputs::written : execution.outputs_kept ? Outputs::unchanged : Outputs::unspecified;
    r->threads = execution.threads;
    r->clocks = clocks;
    r->seconds = double(monotonic_ns() - begin) * 1e-9;
  }
  return status;
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
  if (!decide(options, state_->environment_backend, {}, 1, decision, text).ok() || decision.entry->runs_on_host) return;
  const OpenBackend& open = open_backend(*decision.entry);
  Execution execution{.threads = state_->threads, .device = options.device, .text = &text};
  if (open.status.ok() && open.backend->fetch) (void)open.backend->fetch(resident, execution);
}

namespace {

BackendInfo describe(const Entry& entry) {
  const OpenBackend& open = open_backend(entry);
  BackendInfo info{.name = entry.name,
                   .kind = entry.kind,
                   .available = open.status.ok(),
                   .reason = open.text.message,
                   .hint = open.text.hint};
  if (!open.status.ok()) return info;
  if (entry.runs_on_host && entry.kind != FlynnClass::sisd) info.architecture = simd::architecture();
  if (open.backend->device_count)
    for (std::size_t i = 0; i < open.backend->device_count(); ++i) info.devices.push_back(open.backend->device(i));
  info.left_out = left_out_by(entry.name);
  for (std::size_t i = 0; i < AllSpecs::size; ++i)
    if (!open.kernels[i]) info.missing.push_back(AllSpecs::infos[i].workload);
  return info;
}

}  // namespace

std::vector<BackendInfo> Context::backends() {
  std::vector<BackendInfo> all;
  for (const Entry& entry : registry()) all.push_back(describe(entry));
  return all;
}

BackendInfo Context::backend(std::string_view name) {
  const Entry* entry = find_entry(name);
  if (entry) return describe(*entry);
  Text text;
  const Status status = unknown_backend(text, name, false);
  throw detail::make_error(status, text, {});
}

std::string_view version() { return FLYNN_VERSION; }

}  // namespace flynn

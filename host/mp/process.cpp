#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <flynn/mp/process.hpp>
#include <host/mp/enclosures.hpp>
#include <host/mp/outbox.hpp>
#include <host/mp/serve.hpp>
#include <host/mp/start.hpp>
#include <host/pools/fork.hpp>
#include <host/pools/mappings.hpp>
#include <host/pools/protection.hpp>
#include <host/pools/worker_life.hpp>
#include <iostream>
#include <map>
#include <mutex>

namespace flynn::mp {
namespace {

/// What a Process and its process share.
struct RunBoard {
  Frame call;
  char name[64], parent_name[64];
  CrashReport crash;
  std::uint64_t failure_bytes;  ///< 0: it did not throw
  std::byte failure[16 << 10];
  std::span<std::byte> arguments() { return {reinterpret_cast<std::byte*>(this + 1), std::size_t(call.bytes)}; }
};

struct Identity {
  std::string name = "MainProcess", parent_name;
};
Identity& identity() {
  static Identity& identity = *new Identity;
  return identity;
}

void copy(char (&to)[64], const std::string& from) { std::snprintf(to, sizeof to, "%s", from.c_str()); }

/// Those that run, by process id.
struct Children {
  std::mutex mutex;
  std::map<pid_t, std::string> names;
};
std::mutex& children_mutex();
Children& children() {
  static Children& children = []() -> Children& {
    hold_during_fork<children_mutex>();
    return *new Children;
  }();
  return children;
}
std::mutex& children_mutex() { return children().mutex; }

std::atomic<unsigned> last_number{0};

}  // namespace

void set_process_name(std::string name, std::string parent_name) {
  identity() = {std::move(name), std::move(parent_name)};
}

void flush_output() {
  std::cout.flush();
  std::fflush(stdout);
}

struct Process::State {
  ProcessOptions options;
  Call call;
  SharedMemory memory = {};
  WorkerProcess process = {};
  pid_t pid = 0;
  std::optional<ProcessEnd> end = {};
  std::optional<Failure> failure = {};
  OwnProcess owner = {};

  RunBoard& board() { return *static_cast<RunBoard*>(memory.data()); }

  void bury() {
    {
      const std::lock_guard lock(children().mutex);
      children().names.erase(pid);
    }
    end = process.bury();
    if (board().failure_bytes > 0 && board().failure_bytes <= sizeof board().failure) {
      Reader in(std::span<const std::byte>(board().failure).first(std::size_t(board().failure_bytes)));
      in(failure.emplace());
      failure->text = options.name + " threw " + failure->causes.at(0).type + ": " + failure->causes[0].message;
    } else if (end->signal != 0 || end->exit_code != 0) {
      failure = {.kind = Failure::Kind::died,
                 .code = Code::worker_died,
                 .text = options.name + " (process " + std::to_string(pid) + ") " + end->words,
                 .signal = end->signal,
                 .exit_code = end->exit_code,
                 .stack = take_stack(board().crash)};
    }
    if (failure) failure->task = options.name, failure->worker = pid;
    memory = SharedMemory();
  }
};

Process::Process(ProcessOptions options, Call call)
    : state_(new State{.options = std::move(options), .call = std::move(call)}) {
  if (state_->options.name.empty()) state_->options.name = "Process-" + std::to_string(++last_number);
}

Process::Process(Process&&) noexcept = default;
Process& Process::operator=(Process&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Process::~Process() {
  if (!state_ || !state_->process.runs()) return;
  if (!state_->owner.is_here()) {
    state_.release();  // kept for ever: it is the other process's
    return;
  }
  if (state_->options.daemon) kill();
  join();
}

void Process::start() {
  State& s = *state_;
  if (s.pid != 0) throw Error(Code::invalid_argument, s.options.name + " was started before", {}, "make a new Process");
  const Start start = lasting_start_of(s.options.start_method.value_or(get_start_method()));
  std::vector<flynn::detail::SharedRef> shared;
  std::vector<Enclosure> enclosures;
  Writer counter({}, &shared, &enclosures);
  s.call.encode(counter);
  s.memory = SharedMemory(sizeof(RunBoard) + counter.used());
  RunBoard& board = *new (s.memory.data()) RunBoard();
  board.call = {.kind = Frame::Kind::call, .bytes = counter.used(), .code = s.call.code, .target = s.call.target};
  seal(board.call);
  Writer out(board.arguments(), &shared, &enclosures);
  s.call.encode(out);
  copy(board.name, s.options.name);
  copy(board.parent_name, identity().name);
  const Message welcome{.kind = Message::Kind::run, .bytes = s.memory.bytes()};
  if (const int error = s.process.start(start, -1, welcome, s.memory.file()); error != 0 && !s.process.runs())
    throw Error(Code::unavailable, "cannot start " + s.options.name + ": " + std::strerror(error), {},
                "look at the limits on processes (ulimit -u) and files (ulimit -n)");
  s.pid = s.process.pid();
  for (const auto& memory : shared)
    if (s.process.runs()) s.process.give(place_of_all(*memory));  // of one that has died, join() tells
  for (const Enclosure& enclosure : enclosures)
    send_message(s.process.socket(), {.kind = Message::Kind::enclosure, .id = enclosure.id}, enclosure.file);
  if (protects("ends")) s.call = Call();  // what it held is the process's now
  const std::lock_guard lock(children().mutex);
  children().names[s.pid] = s.options.name;
}

bool Process::join(Duration timeout) {
  State& s = *state_;
  if (s.pid == 0) throw Error(Code::invalid_argument, s.options.name + " was not started", {}, "call start() first");
  if (s.end) return true;
  s.owner.must_be_here(s.options.name.c_str());
  const std::int64_t deadline = detail::deadline_after(timeout);
  for (;;) {
    pollfd end = {s.process.process(), POLLIN, 0};
    const std::int64_t left_ms = deadline == no_deadline ? -1 : (deadline - monotonic_ns() + 999'999) / 1'000'000;
    const int count = poll(&end, 1, int(std::clamp<std::int64_t>(left_ms, deadline == no_deadline ? -1 : 0, 1 << 30)));
    if (count == 1) break;
    if (monotonic_ns() >= deadline) return false;
  }
  s.bury();
  return true;
}

bool Process::is_alive() { return state_->pid != 0 && !join(Duration(0)); }

std::optional<int> Process::exitcode() {
  if (state_->pid == 0 || !join(Duration(0))) return {};
  const ProcessEnd& end = *state_->end;
  return end.signal != 0 ? -end.signal : end.exit_code;
}

std::optional<Error> Process::error() {
  try {
    check();
  } catch (const Error& error) {
    return error;
  }
  return {};
}

void Process::check() {
  if (state_->pid != 0 && join(Duration(0)) && state_->failure) detail::raise(*state_->failure);
}

pid_t Process::pid() const { return state_->pid; }
const std::string& Process::name() const { return state_->options.name; }
bool Process::daemon() const { return state_->options.daemon; }
int Process::sentinel() const { return state_->process.process(); }
void Process::terminate() {
  state_->owner.must_be_here(state_->options.name.c_str());
  if (state_->process.runs()) state_->process.signal(SIGTERM);
}
void Process::kill() {
  state_->owner.must_be_here(state_->options.name.c_str());
  if (state_->process.runs()) state_->process.signal(SIGKILL);
}

std::vector<ProcessInfo> active_children() {
  const std::lock_guard lock(children().mutex);
  std::vector<ProcessInfo> all;
  for (const auto& [pid, name] : children().names) all.push_back({pid, name});
  return all;
}

ProcessInfo current_process() { return {getpid(), identity().name}; }

std::optional<ProcessInfo> parent_process() {
  if (identity().parent_name.empty()) return {};
  return ProcessInfo{getppid(), identity().parent_name};
}

// ---- in the process

void run_process(const Message& welcome, int memory) {
  void* const data =
      mmap(nullptr, std::size_t(welcome.bytes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory, 0);
  if (data == MAP_FAILED) _exit(no_pool);
  close(memory);
  RunBoard& board = *static_cast<RunBoard*>(data);
  const Frame call = board.call;
  if (!is_sound(call, 0, std::size_t(welcome.bytes) - sizeof board) || call.kind != Frame::Kind::call) _exit(damaged);
  set_process_name(board.name, board.parent_name);
  report_crashes_to(board.crash);
  int code = 0;
  try {
    NoAnswer nothing;
    Reader in(board.arguments(), the_pool, take_enclosure);
    const auto run = reinterpret_cast<detail::Runner>(const_cast<void*>(detail::function_at(call.code)));
    run(detail::function_at(call.target), in, nothing);
  } catch (...) {
    Failure failure = detail::current_failure();
    failure.causes.resize(1);
    failure.causes[0].message.resize(std::min<std::size_t>(failure.causes[0].message.size(), sizeof board.failure / 2));
    Writer out(board.failure);
    out(failure);
    if (out.fits()) board.failure_bytes = out.used();
    code = it_threw;
  }
  flush_output();
  _exit(code);
}

}  // namespace flynn::mp

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <flynn/execution.hpp>
#include <host/detect/budget.hpp>
#include <host/mp/modules.hpp>
#include <host/mp/serve.hpp>
#include <host/mp/start.hpp>
#include <host/pools/child.hpp>
#include <host/pools/fork.hpp>
#include <host/pools/insist.hpp>
#include <thread>

#include <flynn/mp/pipe.hpp>

namespace flynn::mp {
namespace {

std::atomic<StartMethod> standard_method{StartMethod::forkserver};

/// What belongs to a process: a copy of it has one of its own.
template <class T>
class OfThisProcess {
 public:
  static T& get() {
    [[maybe_unused]] static const bool is_held = (hold_during_fork<mutex>(), true);
    const std::lock_guard lock(mutex());
    static OwnProcess owner;
    if (!object_ || !owner.is_here()) object_ = new T;  // that of a parent is left alone
    owner = OwnProcess();
    return *object_;
  }

 private:
  static std::mutex& mutex() {
    static std::mutex mutex;
    return mutex;
  }
  static inline T* object_ = nullptr;
};

class LastingThread {
 public:
  LastingThread() {
    std::thread([this] { work(); }).detach();
  }

  int run(const std::function<int()>& task) {
    const std::lock_guard turn(turn_);
    std::unique_lock lock(mutex_);
    task_ = &task;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !task_; });
    return result_;
  }

 private:
  [[noreturn]] void work() {
    for (std::unique_lock lock(mutex_);;) {
      changed_.wait(lock, [this] { return task_; });
      result_ = error_of(*task_);
      task_ = nullptr;
      changed_.notify_all();
    }
  }

  std::mutex turn_, mutex_;
  std::condition_variable changed_;
  const std::function<int()>* task_ = nullptr;
  int result_ = 0;
};

/// The file that this program is in, or what stands for it when that was replaced meanwhile.
std::string own_program() {
  constexpr const char* self = "/proc/self/exe";
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink(self, error);
  struct stat here = {}, there = {};
  const bool is_same = !error && stat(self, &here) == 0 && stat(path.c_str(), &there) == 0 &&
                       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
  return is_same ? path.string() : self;
}

int spawn_with(const std::vector<std::string>& environment, int given, pid_t& child) {
  return start_child(own_program(), {worker_word, std::to_string(own_module()), std::to_string(getpid())}, environment,
                     given, child, Output::shared);
}
int spawn(int given, pid_t& child) { return spawn_with(one_thread_each(), given, child); }

/// One that will be copied: what it has done its copies need not do, and so its symbols are bound at once.
int spawn_server(int given, pid_t& child) {
  if (std::getenv(bind_now)) return spawn(given, child);
  std::vector<std::string> environment = one_thread_each();
  environment.push_back(std::string(bind_now) + "=" + our_bind_now);
  return spawn_with(environment, given, child);
}

/// A copy of this process that serves forks.
int fork_here(int given, pid_t& child) {
  const pid_t parent = getpid();
  child = ::fork();
  if (child == 0) {
    detail::Stream::close_all();
    become_copy(given, parent);
  }
  return child < 0 ? errno : 0;
}

/// A process that copies itself on request. The copies are children of this process and not of it, so that their ends
/// are seen here, and nothing is lost when the server dies: it is started again.
class ForkServer {
 public:
  explicit ForkServer(Start start) : start_(std::move(start)) {}

  /// Throws Error when it cannot be started.
  void must_run() {
    const std::lock_guard lock(mutex_);
    if (const int error = ensure())
      throw Error(Code::unavailable, std::string("no fork server: ") + std::strerror(error));
  }

  int fork(int given, pid_t& child) {
    const std::lock_guard lock(mutex_);
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (const int error = ensure()) return error;
      if (is_refused_) return spawn(given, child);
      Message answer;
      const Message wish{.kind = Message::Kind::fork, .id = std::uint64_t(getpid())};
      if (send_message(server_->socket(), wish, given) != 0 || !hear(answer)) {
        server_.reset();  // it has died: once more
        continue;
      }
      child = pid_t(answer.number);
      // It does so itself, but perhaps only after this server has ended, and all of its group with it.
      if (answer.kind == Message::Kind::hello) setpgid(child, child);
      return answer.kind == Message::Kind::hello ? 0 : int(answer.id);
    }
    return ECONNRESET;
  }

 private:
  int ensure() {
    if (server_ && server_->has_ended()) server_.reset();
    if (server_ || is_refused_) return 0;
    server_ = std::make_unique<WorkerProcess>();
    const int error = server_->start(start_, -1, {.kind = Message::Kind::forks}, -1);
    Message answer;
    if ((error == 0 || is_hung_up(error)) && hear(answer)) {  // it may have ended first, and have said why
      // A program whose libraries start threads before main cannot be copied: then each process is started anew.
      is_refused_ = answer.kind == Message::Kind::refuse;
      if (is_refused_) server_.reset();
      return 0;
    }
    server_.reset();
    return error != 0 ? error : ECONNRESET;
  }

  bool hear(Message& answer) {
    const std::int64_t deadline = monotonic_ns() + 5'000'000'000;
    pollfd socket = {server_->socket(), POLLIN, 0};
    int none, count;
    while ((count = poll(&socket, 1, int((deadline - monotonic_ns()) / 1'000'000))) < 0 && errno == EINTR &&
           monotonic_ns() < deadline) {
    }
    return count == 1 && receive_message(server_->socket(), answer, none);
  }

  const Start start_;
  std::mutex mutex_;
  std::unique_ptr<WorkerProcess> server_;
  bool is_refused_ = false;
};

struct StandardServer : ForkServer {
  StandardServer()
      : ForkServer(
            [](int given, pid_t& child) { return on_lasting_thread([&] { return spawn_server(given, child); }); }) {}
};

std::size_t thread_count() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return std::size_t(std::distance(begin(threads), end(threads)));
}

void must_be_initialised() {
  if (is_initialised()) return;
  throw Error(Code::invalid_argument, "flynn::mp cannot start a process: flynn::mp::init was not called", {},
              "make `flynn::mp::init(argc, argv);` the first line of main: other processes are this program, started "
              "again, and stop there");
}

void must_be_copyable() {
  const std::string cure = "use StartMethod::forkserver, or make the process before anything else";
  if (const std::size_t threads = thread_count(); threads > 1)
    throw Error(Code::unsupported,
                "flynn::mp does not fork a process with threads (this one has " + std::to_string(threads) +
                    "): a lock that one of them holds would stay locked in the copy",
                {}, cure);
  if (const char* driver = loaded_driver())
    throw Error(Code::unsupported,
                std::string("flynn::mp does not fork a process that has opened ") + driver +
                    ": what the driver keeps for it does not survive in the copy",
                {}, cure);
}

}  // namespace

int on_lasting_thread(const std::function<int()>& run) { return OfThisProcess<LastingThread>::get().run(run); }

Start start_of(StartMethod method) {
  if (method != StartMethod::fork) must_be_initialised();
  if (method == StartMethod::spawn) return spawn;
  if (method == StartMethod::forkserver)
    return [](int given, pid_t& child) { return OfThisProcess<StandardServer>::get().fork(given, child); };
  must_be_copyable();
  auto server = std::make_shared<ForkServer>(fork_here);
  server->must_run();  // now, before there are threads
  return [server](int given, pid_t& child) { return server->fork(given, child); };
}

Start lasting_start_of(StartMethod method) {
  if (method != StartMethod::spawn) return start_of(method);
  return [start = start_of(method)](int given, pid_t& child) {
    return on_lasting_thread([&] { return start(given, child); });
  };
}

std::string program_name() { return own_program(); }

std::string_view name_of(StartMethod method) {
  constexpr std::string_view names[] = {"forkserver", "spawn", "fork"};
  return names[std::uint32_t(method)];
}

void set_start_method(StartMethod method) { standard_method = method; }
StartMethod get_start_method() { return standard_method; }
unsigned cpu_count() { return detect::budget(); }

}  // namespace flynn::mp

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include <flynn/build_id.hpp>
#include <flynn/execution.hpp>
#include <host/pools/child.hpp>
#include <host/pools/insist.hpp>
#include <host/pools/protection.hpp>
#include <host/pools/supervisor.hpp>

namespace flynn {
namespace {

constexpr unsigned most_starts = 3;  ///< of a worker that never becomes ready
constexpr std::int64_t ready_ns = 5'000'000'000, goodbye_ns = 1'000'000'000;

/// What will be no better the next time.
bool is_lasting(int error) { return error == ENOENT || error == EACCES || error == ENOEXEC || error == ENOTDIR; }

Supervisor::Settings with_start(Supervisor::Settings settings) {
  if (!settings.start)
    settings.start = [program = settings.program](int given, pid_t& child) {
      return start_child(program, {FLYNN_BUILD_ID, std::to_string(getpid())}, one_thread_each(), given, child);
    };
  return settings;
}

}  // namespace

Wake::Wake() : file_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
Wake::~Wake() {
  if (file_ >= 0) close(file_);
}

Supervisor::Supervisor(Settings settings, const SharedMemory& board, Hooks hooks)
    : settings_(with_start(std::move(settings))),
      board_(board.file()),
      board_bytes_(board.bytes()),
      hooks_(std::move(hooks)),
      shared_(settings_.shared) {
  if (wake_.file() < 0) {
    last_trouble_ = std::strerror(errno);
    return;
  }
  try {
    workers_ = std::vector<Worker>(settings_.workers);
    thread_ = std::thread([this] { supervise(); });
  } catch (const std::system_error& error) {
    last_trouble_ = error.code().message();
    workers_.clear();
    return;
  }
  std::unique_lock lock(mutex_);
  settled_.wait_for(lock, std::chrono::nanoseconds(ready_ns), [this] {
    return std::ranges::all_of(workers_, [](const Worker& w) { return w.is_ready || w.is_given_up; });
  });
}

Supervisor::~Supervisor() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      is_closing_ = true;
    }
    eventfd_write(wake_.file(), 1);
    thread_.join();
  }
}

std::vector<pid_t> Supervisor::pids() const {
  const std::lock_guard lock(mutex_);
  std::vector<pid_t> pids;
  for (const Worker& worker : workers_)
    if (worker.is_ready) pids.push_back(worker.pid());
  return pids;
}

std::uint32_t Supervisor::team_of(unsigned workers) const {
  const std::lock_guard lock(mutex_);
  std::uint32_t place = 0;
  for (; place < workers_.size() && workers > 0; ++place) workers -= !workers_[place].is_given_up;
  return place;
}

std::optional<std::string> Supervisor::broken() const {
  const std::lock_guard lock(mutex_);
  if (!std::ranges::all_of(workers_, &Worker::is_given_up)) return {};
  return settings_.program + ": " + last_trouble_;
}

void Supervisor::stop_replacing() {
  const std::lock_guard lock(mutex_);
  is_replacing_ = false;
}

bool Supervisor::all_end_within(std::int64_t nanoseconds) {
  std::unique_lock lock(mutex_);
  return settled_.wait_for(lock, std::chrono::nanoseconds(nanoseconds),
                           [this] { return std::ranges::none_of(workers_, &Worker::runs); });
}

void Supervisor::kill_all(const char* why) {
  const std::lock_guard lock(mutex_);
  for (Worker& worker : workers_)
    if (worker.runs()) worker.kill(why);
}

void Supervisor::begin_call() {
  {
    const std::lock_guard lock(mutex_);
    shared_.clear();
    ended_.clear();
  }
  take_back_lost();
}

void Supervisor::take_back_lost() {
  const std::lock_guard lock(mutex_);
  std::erase_if(shared_, [](const SharedPlace& memory) { return !is_shared(memory.id); });
  if (const std::uint64_t losses = shared_memory_losses(); losses != losses_) {
    losses_ = losses;
    for (Worker& worker : workers_) worker.take_back_lost();
  }
}

int Supervisor::share(const SharedPlace& memory) {
  const std::lock_guard lock(mutex_);
  const bool is_known = std::ranges::any_of(shared_, [&](const SharedPlace& s) { return s.id == memory.id; });
  if (is_known) return 0;
  for (Worker& worker : workers_) {
    const int error = worker.runs() ? worker.give(memory) : 0;
    if (error != 0 && !is_hung_up(error)) return error;  // of a dead one, the successor gets it
  }
  shared_.push_back(memory);
  return 0;
}

std::optional<std::string> Supervisor::how_ended(std::uint32_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = ended_.find(number);
  return found == ended_.end() ? std::nullopt : std::optional(found->second);
}

void Supervisor::kill(std::uint32_t number, const char* why) {
  const std::lock_guard lock(mutex_);
  for (Worker& worker : workers_)
    if (worker.runs() && worker.number() == number) worker.kill(why);
}

void Supervisor::kill_stopped() {
  const std::lock_guard lock(mutex_);
  for (Worker& worker : workers_) {
    if (!worker.runs()) continue;
    const bool is_stopped = worker.is_stopped();
    if (is_stopped && worker.was_stopped) worker.kill("a signal had stopped it in the middle of a call");
    worker.was_stopped = is_stopped;
  }
}

// ---- the own thread

void Supervisor::supervise() {
  for (;;) {
    try {
      start_due();
      wait_for_events();
    } catch (const std::exception&) {  // no memory: what was not done now will be
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const std::lock_guard lock(mutex_);
    if (is_closing_) break;
  }
  end_all();
}

void Supervisor::start_due() {
  const std::lock_guard lock(mutex_);
  if (!is_replacing_ || (last_number_ >= workers_.size() && !protects("replacement"))) return;
  const std::int64_t now = monotonic_ns();
  for (unsigned place = 0; place < workers_.size(); ++place) {
    const Worker& worker = workers_[place];
    if (!worker.runs() && !worker.is_given_up && worker.start_at <= now) start(place);
  }
}

void Supervisor::start(unsigned place) {
  Worker& worker = workers_[place];
  const int cpu = place < settings_.cpus.size() ? settings_.cpus[place] : -1;
  const Message welcome{.kind = Message::Kind::board, .place = place, .number = ++last_number_, .bytes = board_bytes_};
  int error = worker.start(settings_.start, cpu, welcome, board_);
  if (!worker.runs()) {
    start_failed(worker, std::strerror(error), is_lasting(error));
    return;
  }
  for (const SharedPlace& memory : shared_)
    if (error == 0) error = worker.give(memory);
  if (error != 0 && !is_hung_up(error)) worker.kill(std::strerror(error));
}

void Supervisor::start_failed(Worker& worker, std::string why, bool is_lasting) {
  constexpr std::int64_t pause_ns = 50'000'000;
  last_trouble_ = std::move(why);
  worker.is_given_up = is_lasting || ++worker.failed_starts >= most_starts;
  worker.start_at = monotonic_ns() + pause_ns * worker.failed_starts;
  settled_.notify_all();
  if (worker.is_given_up && hooks_.changed) hooks_.changed();
}

/// Listens to the workers' ends and sockets until something happens or a start is due.
void Supervisor::wait_for_events() {
  std::vector<pollfd> files = {{wake_.file(), POLLIN, 0}};
  std::int64_t first_start = no_deadline;
  {
    const std::lock_guard lock(mutex_);
    for (const Worker& worker : workers_) {
      files.push_back({worker.process(), POLLIN, 0});
      files.push_back({worker.is_ready && !hooks_.heard ? -1 : worker.socket(), POLLIN, 0});
      if (is_replacing_ && !worker.runs() && !worker.is_given_up) first_start = std::min(first_start, worker.start_at);
    }
  }
  const std::int64_t wait_ms =
      first_start == no_deadline ? -1 : std::max<std::int64_t>(0, (first_start - monotonic_ns()) / 1'000'000 + 1);
  if (poll(files.data(), files.size(), int(wait_ms)) <= 0) return;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (files[2 * i + 2].revents & POLLIN) hear(workers_[i]);
    if (files[2 * i + 1].revents) bury(workers_[i]);
  }
}

/// The first message of a worker: that it is ready, or why it cannot be. Later ones are not for us.
void Supervisor::hear(Worker& worker) {
  Message message;
  int descriptor;
  if (!receive_message(worker.socket(), message, descriptor)) return;  // it has died: its end tells more
  if (worker.is_ready || (message.kind == Message::Kind::want && hooks_.heard))
    return hooks_.heard(worker.number(), message, descriptor, worker.socket());
  if (descriptor >= 0) close(descriptor);
  if (message.kind == Message::Kind::hello) {
    worker.is_ready = true;
    worker.failed_starts = 0;
    settled_.notify_all();
  } else {
    message.text[sizeof message.text - 1] = '\0';
    last_trouble_ = message.text;
    worker.is_given_up = true;
    settled_.notify_all();
  }
}

/// What it had sent when it ended.
void Supervisor::hear_last(Worker& worker) {
  pollfd socket = {worker.socket(), POLLIN, 0};
  Message message;
  for (int descriptor; poll(&socket, 1, 0) == 1 && receive_message(worker.socket(), message, descriptor);)
    hooks_.heard(worker.number(), message, descriptor, worker.socket());
}

void Supervisor::bury(Worker& worker) {
  if (hooks_.heard && worker.is_ready) hear_last(worker);
  const bool was_ready = std::exchange(worker.is_ready, false);
  worker.was_stopped = false;
  ProcessEnd end = worker.bury();
  end.place = std::uint32_t(&worker - workers_.data());
  insist([&] { ended_[end.number] = end.words; });
  if (!was_ready && !worker.is_given_up)
    insist([&] { start_failed(worker, "a worker " + end.words + " before it was ready", false); });
  settled_.notify_all();
  if (hooks_.ended) hooks_.ended(end);
  if (hooks_.changed) hooks_.changed();
}

/// They end by themselves when their sockets close; what has not after a while is killed.
void Supervisor::end_all() {
  const std::lock_guard lock(mutex_);
  for (Worker& worker : workers_)
    if (worker.runs()) worker.hang_up();
  const std::int64_t deadline = monotonic_ns() + goodbye_ns;
  for (Worker& worker : workers_) {
    if (!worker.runs()) continue;
    pollfd end = {worker.process(), POLLIN, 0};
    const std::int64_t left_ms = std::max<std::int64_t>(0, (deadline - monotonic_ns()) / 1'000'000);
    if (poll(&end, 1, int(left_ms)) != 1) worker.kill("it did not end with its pool");
    worker.bury();
  }
}

}  // namespace flynn

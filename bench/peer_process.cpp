#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <bench/clock.hpp>
#include <bench/interrupt.hpp>
#include <bench/peer_process.hpp>

extern char** environ;

namespace flynn::bench {

PeerProcess::PeerProcess(const PeerInfo& info) : info_(info) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw Error(Code::resource_exhausted, fmt::format("no socket: {}", std::strerror(errno)), info.name);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);  // what a peer prints is no result of ours
  posix_spawn_file_actions_adddup2(&files, ends[1], peer_socket);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // Ctrl-C is for this program, which then ends it
  std::string words[] = {"compute_bench", "serve-peer", info.module};
  char* const arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  const int failed = posix_spawn(&child_, "/proc/self/exe", &files, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  socket_ = ends[0];
  if (failed == 0) return;
  child_ = -1;
  close(socket_);
  throw Error(Code::resource_exhausted, fmt::format("its process did not start: {}", std::strerror(failed)), info.name);
}

PeerProcess::~PeerProcess() {
  if (child_ > 0) {
    kill(-child_, SIGKILL);  // with what it started
    waitpid(child_, nullptr, 0);
  }
  close(socket_);
}

/// It is dead, or shall be.
Error PeerProcess::gone() {
  int status = 0;
  const bool has_ended = waitpid(child_, &status, WNOHANG) == child_;
  if (!has_ended) {
    kill(-child_, SIGKILL);
    waitpid(child_, &status, 0);
  }
  child_ = -1;
  if (WIFEXITED(status))
    return Error(Code::worker_died, fmt::format("it ended with exit code {}", WEXITSTATUS(status)), info_.name);
  return Error(Code::worker_died, fmt::format("it crashed: {}", strsignal(WTERMSIG(status))), info_.name);
}

Result<void> PeerProcess::wait_for_answer() {
  const double begin = now();
  for (;;) {
    pollfd ready = {.fd = socket_, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 50) > 0) return {};
    if (stop_requested() != Stop::none) return tl::unexpected(Error(Code::cancelled, "stopped", info_.name));
    if (now() - begin < info_.limit) continue;
    gone();
    return tl::unexpected(
        Error(Code::deadline_exceeded, fmt::format("no answer for {} s, it was killed", info_.limit), info_.name));
  }
}

Result<Answer> PeerProcess::ask(const Order& order) {
  if (child_ <= 0) return tl::unexpected(Error(Code::worker_died, "it died before", info_.name));
  if (std::exchange(is_stopped_, false)) kill(child_, SIGCONT);
  Answer answer;
  if (send(socket_, &order, sizeof order, MSG_NOSIGNAL) != ssize_t(sizeof order)) return tl::unexpected(gone());
  if (auto come = wait_for_answer(); !come) return tl::unexpected(std::move(come.error()));
  if (recv(socket_, &answer, sizeof answer, 0) != ssize_t(sizeof answer)) {
    ::poll(nullptr, 0, 100);  // the socket closes a little before the process can be waited for
    return tl::unexpected(gone());
  }
  if (Code(answer.code) != Code::ok) return tl::unexpected(Error(Code(answer.code), answer.text, info_.name));
  return answer;
}

void PeerProcess::stop() {
  if (child_ <= 0 || is_stopped_) return;
  kill(child_, SIGSTOP);
  siginfo_t what = {};  // if it died, that is for the next order to find
  waitid(P_PID, id_t(child_), &what, WSTOPPED | WEXITED | WNOWAIT);
  is_stopped_ = true;
}

/// Calls move at most 2 GiB each.
Result<void> PeerProcess::move(std::uint64_t address, const Operand& local, bool puts) {
  constexpr std::size_t most = 1 << 30;
  for (std::size_t at = 0; at < local.bytes; at += most) {
    const std::size_t bytes = std::min(most, local.bytes - at);
    const iovec here = {static_cast<char*>(local.data) + at, bytes};
    const iovec there = {reinterpret_cast<void*>(address + at), bytes};
    const ssize_t done =
        puts ? process_vm_writev(child_, &here, 1, &there, 1, 0) : process_vm_readv(child_, &here, 1, &there, 1, 0);
    if (done == ssize_t(bytes)) continue;
    const char* const why = done < 0 ? std::strerror(errno) : "only a part was moved";
    return tl::unexpected(Error(Code::unavailable, fmt::format("its memory cannot be reached: {}", why), info_.name));
  }
  return {};
}

Result<void> PeerProcess::put(std::uint64_t address, const Operand& from) { return move(address, from, true); }
Result<void> PeerProcess::get(std::uint64_t address, const Operand& to) { return move(address, to, false); }

namespace {

std::filesystem::path folder() {
  if (const char* variable = secure_getenv("FLYNN_PEERS_PATH"); variable && variable[0] == '/') return variable;
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / FLYNN_PEERS_FOLDER;
}

/// The process is asked once and ends.
void introduce(PeerInfo& info) try {
  PeerProcess process(info);
  const auto answer = process.ask({.kind = Order::introduce});
  if (!answer) throw answer.error();
  info.name = answer->name;
  info.release = answer->release;
  for (std::size_t i = 0; i < subjects().size(); ++i) {
    info.has.push_back(answer->has[i / 64] >> i % 64 & 1);
    info.has_threads.push_back(answer->has_threads[i / 64] >> i % 64 & 1);
  }
} catch (const Error& error) {
  info.reason = error.what();
}

bool is_input(Access access) { return access != Access::write; }
bool is_changed(Access access) { return access == Access::read_write; }
bool is_result(Access access) { return access != Access::read; }

class PeerWay final : public Way {
 public:
  PeerWay(std::shared_ptr<PeerSeat> seat, unsigned threads) : seat_(std::move(seat)), threads_(threads) {}
  Result<Timing> time(std::size_t count) override { return seat_->time(threads_, count); }
  /// A peer does not say when its threads are back: it gets all the time that there is for that.
  Result<Timing> wake() override {
    auto timing = time(1);
    if (timing && threads_ > 1 && timing->seconds < wake_seconds)
      timing = time(std::size_t(wake_seconds / std::max(timing->seconds, 1e-9)));
    return timing;
  }
  Result<samples::Verdict> verify() override { return seat_->verify(threads_); }
  void rest() override { seat_->rest(); }

 private:
  std::shared_ptr<PeerSeat> seat_;
  unsigned threads_;
};

}  // namespace

std::vector<PeerInfo> find_peers(double limit) {
  static_assert(most_subjects >= 64);
  std::vector<PeerInfo> peers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder(), error))
    if (entry.path().extension() == ".so")
      peers.push_back({.module = entry.path(), .name = entry.path().stem(), .release = {}, .limit = limit});
  std::ranges::sort(peers, {}, &PeerInfo::name);
  for (PeerInfo& info : peers) introduce(info);
  return peers;
}

PeerSeat::PeerSeat(const PeerInfo& info, std::size_t subject, std::size_t n, Trial& trial) : trial_(trial) {
  auto take = [&]() -> Result<void> {
    process_ = std::make_unique<PeerProcess>(info);
    if (auto opened = process_->ask({.kind = Order::introduce}); !opened) return tl::unexpected(opened.error());
    const auto memory = process_->ask({.kind = Order::allocate, .subject = std::uint32_t(subject), .n = n});
    if (!memory) return tl::unexpected(memory.error());
    for (std::size_t i = 0; i < memory->operands; ++i) addresses_.push_back(memory->operand[i].address);
    trial_.restore();
    return move_operands(true, is_input);
  };
  try {
    if (auto taken = take(); !taken) error_ = std::move(taken.error());
  } catch (const Error& error) {
    error_ = error;
  }
  rest();
}

Result<void> PeerSeat::move_operands(bool puts, bool (*which)(Access)) {
  const std::vector<Operand> operands = trial_.operands();
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!which(operands[i].access)) continue;
    auto moved = puts ? process_->put(addresses_[i], operands[i]) : process_->get(addresses_[i], operands[i]);
    if (!moved) return moved;
  }
  return {};
}

Result<Timing> PeerSeat::time(unsigned threads, std::size_t count) {
  const auto answer = process_->ask({.kind = Order::time, .threads = threads, .count = count});
  if (!answer) return tl::unexpected(answer.error());
  return Timing{answer->seconds, answer->waited};
}

Result<samples::Verdict> PeerSeat::verify(unsigned threads) {
  trial_.restore();
  if (auto moved = move_operands(true, is_changed); !moved) return tl::unexpected(std::move(moved.error()));
  if (auto done = process_->ask({.kind = Order::compute, .threads = threads}); !done)
    return tl::unexpected(std::move(done.error()));
  if (auto moved = move_operands(false, is_result); !moved) return tl::unexpected(std::move(moved.error()));
  rest();
  return trial_.judge_peer();
}

void PeerSeat::rest() {
  if (process_) process_->stop();
}

std::unique_ptr<Way> way_of(std::shared_ptr<PeerSeat> seat, unsigned threads) {
  return std::make_unique<PeerWay>(std::move(seat), threads);
}

}  // namespace flynn::bench

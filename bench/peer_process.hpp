#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <bench/peer_protocol.hpp>
#include <bench/trial.hpp>
#include <bench/way.hpp>

namespace flynn::bench {

/// A peer that is here.
struct PeerInfo {
  std::string module;  ///< its file
  std::string name, release;
  std::string reason = {};                       ///< why it cannot be used; then it has nothing
  std::vector<bool> has = {}, has_threads = {};  ///< by the place in subjects()
  double limit = 0;                              ///< seconds after which an answer is not waited for
};

/// A peer in a process of its own, so that its symbols, its spinning threads and its crashes stay there. It is this
/// program again, as `compute_bench serve-peer MODULE`. Between its turns it is stopped (SIGSTOP).
class PeerProcess {
 public:
  /// Throws Error when it cannot be started.
  explicit PeerProcess(const PeerInfo& info);
  ~PeerProcess();
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;

  /// Wakes it, and waits for its answer. Fails when it refuses, is too late or dies; after the latter two for ever.
  Result<Answer> ask(const Order& order);
  void stop();
  /// Puts bytes into its memory, or gets them from there.
  Result<void> put(std::uint64_t address, const Operand& from);
  Result<void> get(std::uint64_t address, const Operand& to);

 private:
  Result<void> wait_for_answer();
  Error gone();
  Result<void> move(std::uint64_t address, const Operand& local, bool puts);

  const PeerInfo& info_;
  pid_t child_ = -1;
  int socket_ = -1;
  bool is_stopped_ = false;
};

/// The peers whose modules lie in FLYNN_PEERS_PATH or, without it, in lib/flynn-peers beside this program, each asked
/// what it has. `limit`: seconds to wait for any answer.
std::vector<PeerInfo> find_peers(double limit);

/// A peer's memory for one trial, with the trial's inputs in it; shared by its ways.
class PeerSeat {
 public:
  /// Starts the process.
  PeerSeat(const PeerInfo& info, std::size_t subject, std::size_t n, Trial& trial);
  /// Why it has no seat.
  const std::optional<Error>& error() const { return error_; }

  Result<Timing> time(unsigned threads, std::size_t count);
  Result<samples::Verdict> verify(unsigned threads);
  void rest();

 private:
  Result<void> move_operands(bool puts, bool (*which)(Access));

  Trial& trial_;
  std::unique_ptr<PeerProcess> process_;
  std::vector<std::uint64_t> addresses_;
  std::optional<Error> error_;
};

/// A peer on so many threads.
std::unique_ptr<Way> way_of(std::shared_ptr<PeerSeat> seat, unsigned threads);

}  // namespace flynn::bench

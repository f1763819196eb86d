#pragma once
// What compute_bench and the process of a peer say to each other: an order, an answer, over a socket of whole messages.
// The operands are written and read by process_vm_writev and process_vm_readv.

#include <cstddef>
#include <cstdint>

namespace flynn::bench {

inline constexpr int peer_socket = 3;  ///< the descriptor in the peer's process
inline constexpr std::size_t most_subjects = 256, most_operands = 8;

struct Order {
  enum Kind : std::uint32_t {
    introduce,  ///< opens the module
    allocate,   ///< memory for `subject` at size `n`; what was there before is gone
    time,       ///< `count` calls on `threads` threads
    compute,    ///< outputs poisoned, one call, results put into the operands
  };
  Kind kind = introduce;
  std::uint32_t subject = 0, threads = 1;
  std::uint64_t n = 0, count = 0;
};

struct Answer {
  std::uint32_t code;  ///< a Code; if it is not ok, the text says why
  char text[512];
  // of introduce
  char name[32], release[160];
  std::uint64_t has[most_subjects / 64], has_threads[most_subjects / 64];  ///< bits by the place in subjects()
  // of allocate
  std::uint32_t operands;
  struct {
    std::uint64_t address, bytes;
  } operand[most_operands];
  // of time
  double seconds, waited;
};

/// The main function of a peer's process: opens the module and obeys until the socket is closed.
int serve_as_peer(const char* module);

}  // namespace flynn::bench

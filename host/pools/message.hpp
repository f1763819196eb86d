#pragma once
#include <cstdint>

namespace flynn {

/// What goes over the socket between the program and a process that it started. A descriptor comes with those that say
/// so.
struct Message {
  enum class Kind : std::uint32_t {
    board,      ///< to a worker, first: with the board of its pool
    run,        ///< to a process, first: with memory that says what to run
    forks,      ///< to a fork server, first
    map,        ///< with shared memory
    unmap,      ///< that memory is gone
    fork,       ///< to a fork server: with the socket of the process that it shall start
    hello,      ///< from a worker: it is ready; from a fork server: `number` is the process that it started, or 0
    refuse,     ///< from either: it is not, with a reason
    parcel,     ///< from a worker: with shared memory that it made
    want,       ///< from a worker: it needs the enclosure `id`
    enclosure,  ///< with a descriptor that belongs to an argument; without it when there is none
  } kind;
  std::uint32_t place = 0;   ///< board: of the worker in the team
  std::uint32_t number = 0;  ///< board: of the worker among all that the pool ever started
  std::uint64_t id = 0;      ///< map, unmap, parcel: of the shared memory; want, enclosure
  std::uint64_t bytes = 0;   ///< board, run, map, parcel: of the memory
  char text[400] = {};       ///< refuse
};

/// Sends a message with a descriptor, or with none for -1; never waits. 0 or an error of errno.
int send_message(int socket, const Message& message, int descriptor = -1);
/// That error says that the other end is closed: its process has died, and its end or its last words tell more.
bool is_hung_up(int error);
/// Waits for a message. False when the other side is gone. `descriptor` is -1 when none came.
bool receive_message(int socket, Message& message, int& descriptor);

}  // namespace flynn

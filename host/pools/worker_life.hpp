#pragma once
#include <sys/types.h>

#include <host/pools/message.hpp>

namespace flynn {

// What every process that the program started does, whatever it is for. It has the program's socket as descriptor 3.

/// Exit codes: what was started cannot serve.
inline constexpr int no_pool = 69, wrong_build = 70;

/// From now on this process dies with its parent; and it does so at once if that is not `parent` any more.
void settle_in(pid_t parent);
/// Tells the program that this process is none of its kind, and ends it.
[[noreturn]] void refuse(const char* format, const char* own, const char* other);
/// The first message, and the descriptor with it. Ends the process when there is none.
Message receive_welcome(int& file);
/// Takes in the shared memory that the program sends. That its end of the socket closes means that it is gone: then
/// this process goes too, whatever its other threads are doing.
[[noreturn]] void watch_program();

}  // namespace flynn

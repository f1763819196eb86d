#pragma once
#include <optional>

namespace flynn::bench {

/// Why the program shall stop before it is done.
enum class Stop { none, interrupted, terminated, timed_out };

/// From now on SIGINT and SIGTERM ask to stop; a second one of its kind ends the program at once.
void catch_signals();

/// After so many seconds from now, `stop_requested` says timed_out.
void stop_after(double seconds);

/// Cheap enough to be asked between any two calls.
Stop stop_requested();

}  // namespace flynn::bench

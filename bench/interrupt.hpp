#pragma once
#include <bench/exit_code.hpp>

namespace flynn::bench {

/// Why the program shall stop before it is done.
enum class Stop { none, interrupted, terminated, timed_out };

/// From now on SIGINT and SIGTERM ask to stop; a second one of its kind ends the program at once.
void catch_signals();

/// After so many seconds from now, `stop_requested` says timed_out.
void stop_after(double seconds);

/// Cheap enough to be asked between any two calls.
Stop stop_requested();

/// What the program ends with then; exit_ok for none.
Exit exit_of(Stop stop);

}  // namespace flynn::bench

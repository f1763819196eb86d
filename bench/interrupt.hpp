#pragma once
#include <bench/exit_code.hpp>

namespace flynn::bench {

/// Why the program shall stop before it is done.
enum class Stop { none, interrupted, terminated, timed_out, tour_over };

/// From now on SIGINT and SIGTERM ask to stop; a second one of its kind ends the program at once.
void catch_signals();

/// So many seconds from now, `stop_requested` begins to say `why`; the earliest of several counts.
void stop_after(double seconds, Stop why);

/// Cheap enough to be asked between any two calls.
Stop stop_requested();

/// What the program ends with then; exit_ok for none and for a tour that was too long for this machine.
Exit exit_of(Stop stop);

}  // namespace flynn::bench

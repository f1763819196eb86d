#include <signal.h>

#include <limits>

#include <bench/clock.hpp>
#include <bench/interrupt.hpp>

namespace flynn::bench {
namespace {

volatile sig_atomic_t last_signal = 0;
double end_of_time = std::numeric_limits<double>::infinity();
Stop end_reason = Stop::none;

}  // namespace

void catch_signals() {
  struct sigaction action = {};
  action.sa_handler = [](int signal) { last_signal = signal; };
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  for (int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

void stop_after(double seconds, Stop why) {
  if (now() + seconds >= end_of_time) return;
  end_of_time = now() + seconds;
  end_reason = why;
}

Stop stop_requested() {
  if (last_signal == SIGINT) return Stop::interrupted;
  if (last_signal == SIGTERM) return Stop::terminated;
  return now() >= end_of_time ? end_reason : Stop::none;
}

Exit exit_of(Stop stop) {
  switch (stop) {
    case Stop::interrupted:
      return exit_interrupted;
    case Stop::terminated:
      return exit_terminated;
    case Stop::timed_out:
      return exit_timed_out;
    case Stop::tour_over:
    case Stop::none:
      break;
  }
  return exit_ok;
}

}  // namespace flynn::bench

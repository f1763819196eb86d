#pragma once
#include <stdexcept>
#include <string>

namespace flynn::bench {

/// What compute_bench ends with; documented in docs/benchmarks.md.
enum Exit : int {
  exit_ok = 0,
  exit_failed = 1,         ///< something went wrong while running
  exit_usage = 2,          ///< a flag, name or environment value that is not known
  exit_unavailable = 3,    ///< a backend that was asked for is not here
  exit_wrong = 4,          ///< a result failed its validation, or a planted error was not noticed
  exit_bad_input = 65,     ///< a file that is to be read is not what it should be
  exit_input_output = 74,  ///< a result file could not be written
  exit_timed_out = 124,
  exit_interrupted = 130,  ///< SIGINT
  exit_terminated = 143,   ///< SIGTERM
};

/// Ends the program with this message on standard error.
class Failure : public std::runtime_error {
 public:
  Failure(Exit code, const std::string& message) : std::runtime_error(message), code(code) {}
  Exit code;
};

}  // namespace flynn::bench

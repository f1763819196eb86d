#pragma once
#include <cstdint>
#include <string_view>

#include <flynn/status.hpp>

namespace flynn::mp {

/// The first line of main of a program that uses flynn::mp. Other processes are this program, started again: there it
/// does not return. In the program itself it does nothing but remember that it was called.
///
///     int main(int argc, char** argv) {
///       flynn::mp::init(argc, argv);
FLYNN_API void init(int argc, char** argv);

/// How other processes come to be.
enum class StartMethod : std::uint32_t {
  forkserver,  ///< copies of a server that init() has stopped before the program did anything; the default
  spawn,       ///< the program, started again each time: slower by some milliseconds, for what must not be copied
  fork,  ///< copies of this process as it is. Refused once it has threads or the driver of a GPU, since what those
         ///< hold is not in the copy.
};

/// "forkserver", "spawn" or "fork".
FLYNN_API std::string_view name_of(StartMethod method);

/// What is used where nothing else is said.
FLYNN_API void set_start_method(StartMethod method);
FLYNN_API StartMethod get_start_method();

/// How many processes can work at the same time: CPUs that this process may use, within the quota of its control
/// groups. In the worker of a pool it is the worker's share of them, on which flynn's own threads keep there too.
FLYNN_API unsigned cpu_count();

}  // namespace flynn::mp

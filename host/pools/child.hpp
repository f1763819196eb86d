#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace flynn {

/// The descriptor that a child finds what it was given under.
inline constexpr int child_fd = 3;

/// Starts a program with nothing of this process but its environment, to which `environment` ("NAME=value") is added:
/// standard streams at /dev/null, `given` as descriptor 3, no other, signals as they are by default, and a process
/// group of its own, so that Ctrl-C reaches the parent alone. `Output::shared`: standard output and standard error are
/// those of this process. Returns 0 or an error of errno.
enum class Output { none, shared };
int start_child(const std::string& program, const std::vector<std::string>& arguments,
                const std::vector<std::string>& environment, int given, pid_t& child, Output output = Output::none);

/// Variables with which the libraries that have threads of their own (OpenMP, BLAS and others) use one in a worker: its
/// neighbours have the other cores. Those that the user has set are not among them.
std::vector<std::string> one_thread_each();

}  // namespace flynn

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include <host/pools/child.hpp>

namespace flynn {
namespace {

/// Pointers to strings, as exec wants them.
std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> all;
  for (const std::string& s : strings) all.push_back(const_cast<char*>(s.c_str()));
  return all;
}

bool has_same_name(std::string_view a, std::string_view b) {
  return a.substr(0, a.find('=')) == b.substr(0, b.find('='));
}

std::vector<char*> with_own_environment(const std::vector<std::string>& added) {
  std::vector<char*> all = pointers(added);
  for (char** variable = environ; *variable; ++variable) {
    bool is_replaced = false;
    for (const std::string& a : added) is_replaced |= has_same_name(*variable, a);
    if (!is_replaced) all.push_back(*variable);
  }
  return all;
}

}  // namespace

int start_child(const std::string& program, const std::vector<std::string>& arguments,
                const std::vector<std::string>& environment, int given, pid_t& child, Output output) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, given, child_fd);  // first: it may be one of the three below
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  if (output == Output::none)
    for (int stream : {1, 2}) posix_spawn_file_actions_addopen(&files, stream, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&files, child_fd + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<char*> words = pointers(arguments), variables = with_own_environment(environment);
  words.insert(words.begin(), const_cast<char*>(program.c_str()));
  words.push_back(nullptr);
  variables.push_back(nullptr);
  const int error = posix_spawn(&child, program.c_str(), &files, &attributes, words.data(), variables.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

std::vector<std::string> one_thread_each() {
  std::vector<std::string> variables;
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
                           "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS"})
    if (!getenv(name)) variables.push_back(std::string(name) + "=1");
  return variables;
}

}  // namespace flynn

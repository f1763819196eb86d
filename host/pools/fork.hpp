#pragma once
// What must hold in a copy of this process that the program made by fork() while there were threads and other
// processes: their threads are not in the copy, and the processes are not its children.

#include <pthread.h>

#include <cstdint>

namespace flynn {

/// How many forks there are between this process and the one that was started: an object that was made under another
/// number belongs to another process.
std::uint64_t fork_generation();

/// Holds the std::mutex that `mutex_of` gives during every fork(), so that the copy never finds it locked by a thread
/// that it does not have. To be called once for each. No two of them are ever held by one thread otherwise. (Not for a
/// shared_mutex: glibc knows its writer by the thread id, which is another one in the copy.)
template <auto mutex_of>
void hold_during_fork() {
  pthread_atfork([] { mutex_of().lock(); }, [] { mutex_of().unlock(); }, [] { mutex_of().unlock(); });
}

/// The process to which an object belongs.
class OwnProcess {
 public:
  bool is_here() const { return generation_ == fork_generation(); }
  /// Throws Error `invalid_argument` in a copy; `what`: "the pool".
  void must_be_here(const char* what) const;

 private:
  std::uint64_t generation_ = fork_generation();
};

}  // namespace flynn

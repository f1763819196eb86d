#pragma once
#include <sys/types.h>

#include <string>

#include <host/pools/message.hpp>

namespace flynn::mp {

/// The first argument of a program that is started as another process of itself.
inline constexpr const char* worker_word = "--flynn-mp-worker";

/// How the loader is told to bind all symbols at the start, by us: copies of the process do not see it.
inline constexpr const char *bind_now = "LD_BIND_NOW", *our_bind_now = "flynn";

/// Whether init() was called.
bool is_initialised();

/// In a copy of the program: serves it on the socket `given`, as a fork server or what else it asks for.
[[noreturn]] void become_copy(int given, pid_t parent);

/// Who this process is, for current_process() and parent_process().
void set_process_name(std::string name, std::string parent_name);
/// What has been written so far is to be seen, whatever becomes of this process.
void flush_output();

/// Exit codes: a function threw; what the program sent makes no sense.
inline constexpr int it_threw = 1, damaged = 71;

// What a process may be asked to be. Called with its first message and the memory that came with it, on a thread that
// the process ends with.
[[noreturn]] void work_for_pool(const Message& welcome, int memory);
[[noreturn]] void run_process(const Message& welcome, int memory);

}  // namespace flynn::mp

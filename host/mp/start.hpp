#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <flynn/mp/init.hpp>
#include <host/pools/worker_process.hpp>

namespace flynn::mp {

/// Runs it on a thread that lives as long as the process: what that starts is not killed before (see Start).
int on_lasting_thread(const std::function<int()>& run);

/// How processes are started from now on. With `fork` it is this process as it is now that will be copied. Throws Error
/// when init() was not called, or when this process cannot be copied.
Start start_of(StartMethod method);

/// The same, for a process that shall outlive the thread which starts it.
Start lasting_start_of(StartMethod method);

/// The program, for people.
std::string program_name();

}  // namespace flynn::mp

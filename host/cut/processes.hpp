#pragma once
#include <span>
#include <string>

#include <flynn/backend.hpp>
#include <host/pools/worker.hpp>

namespace flynn::processes {

/// The backend "processes": every workload of the list, cut over a process pool as `threads` cuts it over threads.
/// Memory of the caller is copied in and out, except what lies in SharedMemory.
const Backend& backend();

/// The program that its workers run; empty when it is not installed.
std::string worker_program();

/// How the workers run parts, by the index of a spec in AllSpecs.
std::span<const WorkerFunction> functions();

/// The whole of flynn-worker.
[[noreturn]] FLYNN_API void serve_backend(int count, char** arguments);

}  // namespace flynn::processes

#pragma once
#include <span>

#include <flynn/context.hpp>
#include <host/pools/process_pool.hpp>
#include <host/pools/worker.hpp>
#include <host/registry.hpp>

namespace flynn::hosted {

/// Runs a spec on a device backend in a worker of the pool, which opens the driver. One that has failed there is
/// replaced, so that the next call finds a driver that was started anew.
Status run(const Entry& entry, const Context::Request& request, ProcessPool& pool, Execution& execution);

/// What the worker does for it, by the index of a spec in AllSpecs.
std::span<const WorkerFunction> functions();

}  // namespace flynn::hosted

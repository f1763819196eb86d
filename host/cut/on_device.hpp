#pragma once
#include <flynn/context.hpp>
#include <host/registry.hpp>

namespace flynn {

/// Runs a spec on a device. One that has no memory for the whole gets it in parts, where the parts follow each other
/// along one axis and nothing was written yet; `clocks->parts` says in how many. After a failure, Arrays that the host
/// had before have their values again.
Status run_on_device(const OpenBackend& device, const Context::Request& request, Execution& execution);

}  // namespace flynn

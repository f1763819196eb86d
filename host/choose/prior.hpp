#pragma once
#include <flynn/device.hpp>
#include <flynn/spec.hpp>

namespace flynn {

/// Seconds that a call takes on a backend of that class, as far as it can be known without a measurement: what a core
/// of the last years does, and what waking threads and copying to processes costs (docs/adr/0004-static-prior.md). 0
/// for devices: nobody knows.
double static_prior(FlynnClass kind, const Cost& cost, unsigned threads);

}  // namespace flynn

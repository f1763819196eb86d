#pragma once
#include <flynn/report.hpp>
#include <flynn/spec.hpp>

namespace flynn {

/// What `auto` takes without a measurement.
struct PriorChoice {
  std::string_view backend;
  Reason reason;
};

/// By size alone: simd while one thread is done before a second one has woken up, else threads. Devices are never taken
/// without a measurement (docs/adr/0004-static-prior.md).
PriorChoice static_prior(const Cost& cost, unsigned threads);

}  // namespace flynn

#pragma once
#include <string_view>

#include <host/choose/model.hpp>
#include <host/registry.hpp>

namespace flynn {

// What auto makes of failures: for the whole process, since a driver that fails does so for every context.

/// From now on auto gives this backend no calls; after `out_of_memory` none of as many bytes, rounded down to a power of
/// two. `text` is kept for explanations. Thread-safe.
void distrust(const Entry& entry, Status why, double bytes, const Text& text);

/// The backends that may not have a call of so many bytes. One load while nothing has failed.
BackendMask distrusted(double bytes);

/// Why that backend is among them; empty when it never failed. Lives until the process ends.
std::string_view why_distrusted(const Entry& entry);

}  // namespace flynn

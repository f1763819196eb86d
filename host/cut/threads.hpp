#pragma once
#include <flynn/backend.hpp>

namespace flynn::threads {

/// The backend "threads": every workload of the list, cut over a thread pool, on the kernels of the simd backend.
const Backend& backend();

}  // namespace flynn::threads

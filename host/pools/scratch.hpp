#pragma once
#include <cstddef>

namespace flynn {

/// Memory of the calling thread for a kernel, kept from call to call until the thread ends; see Execution::scratch.
void* thread_scratch(std::size_t bytes);

}  // namespace flynn

#pragma once

namespace flynn::bench {

/// Seconds that the threads of this process have been ready without getting a CPU, since their start and all added
/// (/proc/self/task/*/schedstat); 0 where the kernel does not tell. About 10 us a thread.
double cpu_wait();

}  // namespace flynn::bench

// The same 50 calls by threads and by processes, through one interface.
#include <chrono>
#include <cstdio>
#include <numeric>
#include <vector>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

long collatz_steps(long n) {
  long steps = 0;
  for (long start = 1; start < n; ++start)
    for (long x = start; x != 1; x = x % 2 == 0 ? x / 2 : 3 * x + 1) ++steps;
  return steps;
}

template <class Executor>
void run(const char* name) {
  const auto begin = std::chrono::steady_clock::now();
  Executor executor(50);
  std::vector<mp::Future<long>> futures;
  for (int i = 0; i < 50; ++i) futures.push_back(executor.submit(collatz_steps, 2000 + i));
  long total = 0;
  for (const auto& future : mp::as_completed(futures)) total += future.result();
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
  std::printf("50 %s: %ld steps\n", name, total);
  std::fprintf(stderr, "50 %s: %.1f ms\n", name, time.count());
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  run<mp::ThreadPoolExecutor>("threads");
  run<mp::ProcessPoolExecutor>("processes");
}

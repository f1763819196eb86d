// Fifty threads against fifty processes: what it costs to start and end them.
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

void nothing() {}

template <class Work>
double milliseconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  const double by_threads = milliseconds([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 50; ++i) threads.emplace_back(nothing);
    for (std::thread& thread : threads) thread.join();
  });
  int ended = 0;
  const double by_processes = milliseconds([&] {
    std::vector<mp::Process> processes;
    for (int i = 0; i < 50; ++i) processes.emplace_back(nothing).start();
    for (mp::Process& process : processes) {
      process.join();
      ended += process.exitcode() == 0;
    }
  });
  std::printf("%d processes ended well, and take %s than 50 threads\n", ended,
              by_processes > by_threads ? "longer" : "no longer");
  std::fprintf(stderr, "50 threads %.2f ms, 50 processes %.2f ms\n", by_threads, by_processes);
}

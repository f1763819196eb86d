// Runners that wait for each other at the start and at the finish.
#include <cstdio>
#include <deque>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

void run(const mp::Barrier& barrier, const mp::RawArray<int>& ready, int lane) {
  mp::RawArray<int> all = ready;
  all[std::size_t(lane)] = 1;
  barrier.wait();
  int count = 0;
  for (int is_ready : all) count += is_ready;
  std::printf("runner %d starts when %d are ready\n", lane, count);
  if (barrier.wait() == 0) std::printf("the first at the finish waited for the others\n");
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  const mp::Barrier barrier(3);
  const mp::RawArray<int> ready(3);
  std::deque<mp::Process> runners;
  for (int lane = 0; lane < 3; ++lane) runners.emplace_back(run, barrier, ready, lane).start();
  for (mp::Process& runner : runners) runner.join();
  std::printf("%u parties, %u still waiting\n", barrier.parties(), barrier.n_waiting());
}

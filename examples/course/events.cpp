// Workers that wait for a signal to start, and say when they are done.
#include <cstdio>
#include <deque>
#include <vector>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;
using namespace std::chrono_literals;

void work(const mp::Event& start, const mp::Event& done, int number) {
  start.wait();
  std::printf("worker %d starts\n", number);
  std::fflush(stdout);
  done.set();
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  const mp::Event start;
  const std::vector<mp::Event> done(3);
  std::deque<mp::Process> workers;
  for (int i = 0; i < 3; ++i) workers.emplace_back(work, start, done[std::size_t(i)], i).start();
  std::printf("done before the start: %s\n", done[0].wait(10ms) ? "yes" : "no");
  start.set();
  for (const mp::Event& event : done) event.wait();
  std::printf("all are done\n");
  for (mp::Process& worker : workers) worker.join();
}

// Ticket sellers at two counters. One of them is killed at his counter, and the others go on with both.
#include <csignal>
#include <cstdio>
#include <deque>
#include <mutex>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

void sell(const mp::Semaphore& counters, const mp::Value<int>& tickets, const mp::Value<int>& sold, bool is_unlucky) {
  for (;;) {
    const std::lock_guard counter(counters);
    if (is_unlucky) std::raise(SIGKILL);
    const std::scoped_lock both(tickets.get_lock(), sold.get_lock());
    if (tickets.value() == 0) return;
    --tickets.value();
    ++sold.value();
  }
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  const mp::Semaphore counters(2);
  const mp::Value<int> tickets(100), sold(0);
  std::deque<mp::Process> sellers;
  for (int i = 0; i < 4; ++i) sellers.emplace_back(sell, counters, tickets, sold, i == 1).start();
  for (mp::Process& seller : sellers) seller.join();
  std::printf("seller 1 ended with %d\n", *sellers[1].exitcode());
  for (int i = 0; i < 2; ++i) counters.acquire();
  std::printf("%d of 100 tickets are sold, and both counters are free\n", sold.get());
}

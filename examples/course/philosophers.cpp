// Philosophers at a round table, a fork between each two. Taking both forks at once, whichever is free first, leaves no
// way for each to hold one and wait for ever.
#include <cstdio>
#include <deque>
#include <mutex>
#include <vector>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

void dine(const mp::Lock& left, const mp::Lock& right, const mp::RawValue<int>& meals, int number) {
  for (int i = 0; i < 100; ++i) {
    const std::scoped_lock forks(left, right);
    ++meals.value();
  }
  std::printf("philosopher %d has eaten %d times\n", number, meals.value());
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  const std::vector<mp::Lock> forks(5);
  const std::vector<mp::RawValue<int>> meals(5);
  std::deque<mp::Process> philosophers;
  for (std::size_t i = 0; i < 5; ++i)
    philosophers.emplace_back(dine, forks[i], forks[(i + 1) % 5], meals[i], int(i)).start();
  for (mp::Process& philosopher : philosophers) philosopher.join();
  std::printf("and nobody has starved\n");
}

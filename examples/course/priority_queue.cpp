// Whoever puts, in whichever order: the smallest item comes first.
#include <cstdio>
#include <string>
#include <utility>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

using Task = std::pair<int, std::string>;

void submit(const mp::PriorityQueue<Task>& tasks, int first) {
  constexpr const char* names[] = {"wake", "wash", "dress", "eat", "work", "rest"};
  for (int i = first; i >= 0; i -= 2) tasks.put({i, names[i]});
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  const mp::PriorityQueue<Task> tasks(10);
  mp::Process odd(submit, tasks, 5), even(submit, tasks, 4);
  odd.start();
  even.start();
  odd.join();
  even.join();
  std::string line;
  while (!tasks.empty()) line += tasks.get().second + " ";
  std::printf("%s\n", line.c_str());
}

// A pool of processes squares numbers.
#include <cstdio>
#include <numeric>
#include <vector>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

int square(int x) { return x * x; }

int main(int argc, char** argv) {
  mp::init(argc, argv);
  std::vector<int> x(10);
  std::iota(x.begin(), x.end(), 1);
  mp::Pool pool(4);
  for (int y : pool.map(square, x)) std::printf("%d ", y);
  std::puts("");
}

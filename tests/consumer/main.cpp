#include <cstdio>
#include <vector>

#include <flynn/flynn.hpp>

int main() {
  const std::vector<double> x(1000, 0.5);
  std::printf("flynn says %g\n", flynn::sum(x));
}

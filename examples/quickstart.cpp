#include <cstdio>
#include <vector>

#include <flynn/flynn.hpp>

int main() {
  std::vector<double> x(10'000'000, 0.5), y(x.size(), 1.0);
  flynn::axpy(2.0, x, y);  // y = 2 x + y, on the best backend of this machine

  flynn::Report report;
  const double sum = flynn::sum(y, {.backend = "simd", .report = &report});  // on this one or not at all
  std::printf("%.0f: %s\n", sum, report.text().c_str());
}

// Calls that do not wait: results are asked for later, or a function is called when they are there.
#include <cstdio>
#include <string>
#include <vector>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

double power(double base, int exponent) {
  double result = 1;
  for (int i = 0; i < exponent; ++i) result *= base;
  return result;
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  mp::Pool pool(2);
  std::vector<mp::AsyncResult<double>> results;
  for (int n = 0; n < 5; ++n) results.push_back(pool.apply_async(power, 2.0, n));
  pool.apply_async(power, 3.0, 3).callback([](double y) { std::printf("called back with %g\n", y); });
  std::string line;  // in one piece: the callback prints from a thread of the pool
  for (const auto& result : results) line += std::to_string(int(result.get())) + " ";
  std::printf("%s\n", line.c_str());
  pool.close();
  pool.join();
}

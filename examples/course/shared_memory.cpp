// Processes that share a counter and an array: nothing is copied, and a lock keeps what belongs together together.
#include <cstdio>
#include <mutex>
#include <tuple>
#include <vector>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

void square(const mp::Array<long>& numbers, std::size_t begin, std::size_t end, const mp::Value<long>& sum) {
  for (std::size_t i = begin; i < end; ++i) {
    numbers[i] = long(i * i);
    const std::lock_guard guard(sum.get_lock());
    sum.value() += numbers[i];
  }
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  const mp::Array<long> numbers(1000);
  const mp::Value<long> sum;
  std::vector<std::tuple<mp::Array<long>, std::size_t, std::size_t, mp::Value<long>>> parts;
  for (std::size_t i = 0; i < 1000; i += 250) parts.emplace_back(numbers, i, i + 250, sum);
  mp::Pool(4).starmap(square, parts, 1);
  std::printf("the last of %zu squares is %ld\n", numbers.size(), numbers[999]);
  std::printf("their sum is %ld\n", sum.get());
}

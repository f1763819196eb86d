// A producer and two consumers with a queue between them. That it is closed tells the consumers that nothing will come.
#include <cstdio>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

void produce(const mp::Queue<int>& numbers) {
  for (int n = 1; n <= 1000; ++n) numbers.put(n);  // waits while ten are there
  numbers.close();
}

long consume(const mp::Queue<int>& numbers) {
  long sum = 0;
  try {
    for (;;) sum += numbers.get();
  } catch (const mp::Closed&) {
    return sum;
  }
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  const mp::Queue<int> numbers(10);
  mp::Pool consumers(2);
  auto first = consumers.apply_async(consume, numbers);
  auto second = consumers.apply_async(consume, numbers);
  mp::Process producer(produce, numbers);
  producer.start();
  std::printf("1 + ... + 1000 = %ld\n", first.get() + second.get());
}

// Two processes that talk through a pipe. Each value has its type; the end of one process ends the conversation.
#include <cstdio>
#include <string>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

void answer(const mp::Connection& end) {
  const auto name = end.recv<std::string>();
  end.send("hello " + name);
  end.send(int(name.size()));
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  auto [here, there] = mp::Pipe();
  mp::Process process(answer, std::move(there));  // its end is there alone now
  process.start();
  here.send("world");
  std::printf("%s\n", here.recv<std::string>().c_str());
  std::printf("%d letters\n", here.recv<int>());
  try {
    here.recv<int>();
  } catch (const mp::Closed&) {
    std::puts("the other end is gone");
  }
}

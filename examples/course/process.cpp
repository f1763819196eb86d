// A function in a process of its own.
#include <cstdio>
#include <string>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

void greet(const std::string& name) {
  std::printf("hello %s from %s\n", name.c_str(), mp::current_process().name.c_str());
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  mp::Process process({.name = "greeter"}, greet, "world");
  process.start();
  process.join();
  std::printf("%s ended with %d\n", process.name().c_str(), *process.exitcode());
}

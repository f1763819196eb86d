// mp_replaced_program METHOD: says "ready", waits for a line, and only then makes a pool. Prints what a task in it
// gives back, or the error. Linked with the shared library, which the test replaces meanwhile.

#include <cstdio>
#include <string_view>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

int main(int count, char** arguments) {
  mp::init(count, arguments);
  const std::string_view method = arguments[1];
  std::puts("ready");
  std::fflush(stdout);
  if (std::getchar() == EOF) return 1;
  try {
    mp::Pool pool(
        {.processes = 1, .start_method = method == "spawn" ? mp::StartMethod::spawn : mp::StartMethod::forkserver});
    std::printf("%d\n", pool.apply([](int x) { return x * x; }, 3));
  } catch (const flynn::Error& error) {
    std::printf("%s\n", error.what());
  }
}

// What goes wrong in a worker arrives where its result is asked for, and costs nothing else.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

int reciprocal(int x) {
  if (x == 0) throw std::domain_error("no reciprocal of 0");
  if (x == 13) std::abort();
  return 1000 / x;
}

int main(int argc, char** argv) {
  mp::init(argc, argv);
  mp::Pool pool(2);
  std::vector<mp::AsyncResult<int>> results;
  for (int x : {4, 0, 13, 5}) results.push_back(pool.apply_async(reciprocal, x));
  for (const auto& result : results) try {
      std::printf("%d\n", result.get());
    } catch (const mp::RemoteError& error) {
      std::printf("%s\n", error.what());
    } catch (const mp::WorkerDied& died) {
      std::printf("signal %d in a worker, and the others go on\n", died.signal());
    }
}

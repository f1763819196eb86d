// mp_flaky_program SEED WHERE: uses pools while some calls of the C library fail (tests/fakes/flaky_libc.cpp), here or
// in the workers. Ends with 0 when each result was right or an exception, and nothing is left.

#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>

#include <flynn/mp.hpp>
#include <tests/faults/processes.hpp>

namespace mp = flynn::mp;

namespace {

constexpr unsigned percent = 5;
using namespace std::chrono_literals;

int square(int x) { return x * x; }

template <class Function>
Function* found(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}
void begin_here(std::uint64_t seed) { found<void(std::uint64_t, unsigned)>("flaky_begin")(seed, percent); }
unsigned end_here() { return found<unsigned()>("flaky_end")(); }

int good = 0, bad = 0, errors = 0;

template <class Call>
void attempt(const Call& call) {
  try {
    call() ? ++good : ++bad;
  } catch (const std::exception&) {
    ++errors;
  }
}

void use(mp::Pool& pool) {
  std::vector<int> x(100);
  std::iota(x.begin(), x.end(), 0);
  const std::vector<double> large(10'000, 2.0);
  for (int i = 0; i < 10; ++i) attempt([&] { return pool.apply(square, i) == i * i; });
  for (int i = 0; i < 5; ++i)
    attempt([&] { return pool.apply([](std::vector<double> v) { return v; }, large) == large; });
  attempt([&] { return pool.map(square, x).back() == 99 * 99; });
  attempt([&] { return pool.apply_async(square, 7).get(5s) == 49; });
  attempt([&] {
    pool.close();
    pool.join();
    return true;
  });
}

}  // namespace

int main(int count, char** arguments) {
  mp::init(count, arguments);
  const std::uint64_t seed = std::strtoull(arguments[1], nullptr, 10);
  const bool is_here = std::string(arguments[2]) == "here";
  if (!found<unsigned()>("flaky_end")) return 77;
  mp::Pool(1u);  // the fork server stays
  const std::size_t files = flynn::faults::open_files(), children = flynn::faults::children().size();
  unsigned failures = 0;
  for (std::uint64_t round = 0; round < 4; ++round) {
    attempt([&] {
      if (is_here && round % 2 == 0) begin_here(4 * seed + round);
      mp::PoolOptions options{.processes = 2};
      if (!is_here) options.initializer = mp::call(begin_here, 4 * seed + round);
      mp::Pool pool(options);
      if (is_here && round % 2 == 1) begin_here(4 * seed + round);  // the other half begins with a pool
      use(pool);
      return true;
    });
    failures += end_here();
  }
  mp::Pool(1u);  // if the fork server was lost and could not be started again, it is now
  const bool is_clean = flynn::faults::holds_within(
      5s, [&] { return flynn::faults::children().size() == children && flynn::faults::open_files() == files; });
  std::printf("%d right, %d wrong, %d errors, %u failed calls, %s\n", good, bad, errors, failures,
              is_clean ? "nothing left" : "SOMETHING LEFT");
  if (!is_clean) std::printf("%zu files, %zu before\n", flynn::faults::open_files(), files);
  return bad == 0 && is_clean ? 0 : 1;
}

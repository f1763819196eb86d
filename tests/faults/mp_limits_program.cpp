// mp_limits_program MODE [NUMBER]: a program with a pool that meets a limit. Prints what it was told, and what the pool
// still computes afterwards. The test sets the limits that hold from the beginning, the program those that come later.

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>

#include <flynn/mp.hpp>

namespace mp = flynn::mp;

namespace {

constexpr std::size_t much = std::size_t{100} << 20;

int square(int x) { return x * x; }

std::size_t use_memory(std::size_t bytes) {
  std::vector<char> memory(bytes, 1);
  return std::size_t(std::accumulate(memory.begin(), memory.end(), 0ull));
}

template <class Call>
void tell(const Call& call) {
  try {
    call();
    std::puts("no error");
  } catch (const flynn::Error& error) {
    std::printf("%s: %s\n", std::string(name_of(error.code())).c_str(), error.what());
  } catch (const std::exception& error) {
    std::printf("exception: %s\n", error.what());
  }
}

void limit(int what, rlim_t value) {
  const rlimit both = {value, value};
  setrlimit(decltype(RLIMIT_AS)(what), &both);
}

std::size_t open_files() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return std::size_t(std::distance(begin(files), end(files)));
}

std::size_t mapped_bytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  std::size_t pages = 0;
  if (std::fscanf(file, "%zu", &pages) != 1) std::abort();
  std::fclose(file);
  return pages * std::size_t(sysconf(_SC_PAGESIZE));
}

void processes(rlim_t count) {
  if (setgroups(0, nullptr) != 0 || setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0 ||
      access("/proc/self/exe", X_OK) != 0)
    std::exit(77);
  limit(RLIMIT_NPROC, count);
  tell([] {
    mp::Pool pool(2);
    std::printf("%zu workers, %d, %d\n", pool.pids().size(), pool.apply(square, 3), pool.apply_async(square, 4).get());
  });
  tell([] {
    mp::ThreadPoolExecutor threads(2);
    std::printf("threads, %d\n", threads.submit(square, 5).result());
  });
}

}  // namespace

int main(int count, char** arguments) {
  mp::init(count, arguments);
  const std::string mode = arguments[1];
  if (mode == "processes") {
    processes(rlim_t(std::atoi(arguments[2])));
    return 0;
  }
  mp::Pool pool(1);
  pool.apply(square, 1);
  if (mode == "oom") tell([&] { pool.apply(use_memory, 4 * much); });
  if (mode == "argument") {
    const std::vector<char> large(much);
    if (count == 3) limit(RLIMIT_AS, mapped_bytes() + (16 << 20));
    tell([&] { pool.apply([](const std::vector<char>& v) { return v.size(); }, large); });
  }
  if (mode == "result") tell([&] { pool.apply([] { return std::vector<char>(much); }); });
  if (mode == "files") {
    limit(RLIMIT_NOFILE, open_files() + 1);
    const std::vector<char> large(10'000);
    tell([&] { mp::Pool another(1); });
    while (open("/dev/null", O_RDONLY) >= 0) continue;
    tell([&] { pool.apply([](const std::vector<char>& v) { return v.size(); }, large); });
  }
  std::printf("%d\n", pool.apply(square, 3));
}

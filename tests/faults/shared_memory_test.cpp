// Shared memory and the processes backend when the system has nothing left (rows B1 to B3 of docs/faults.md), and what
// the reports of that backend say.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>

#include <flynn/flynn.hpp>
#include <flynn/shared_vector.hpp>
#include <host/detect/memory.hpp>
#include <host/pools/process_pool.hpp>
#include <tests/faults/functions.hpp>
#include <tests/faults/processes.hpp>

namespace flynn::faults {
namespace {

using namespace std::chrono_literals;

TEST(SharedVector, IsZeroedAndGoesBack) {
  const std::size_t before = open_files();
  struct stat memory = {};
  {
    shared_vector<int> x(100'000'000), y(3, 7);
    EXPECT_EQ(x[0], 0);
    EXPECT_EQ(x[x.size() - 1], 0);
    EXPECT_EQ(y[2], 7);
    shared_vector<int> z = std::move(y);
    EXPECT_EQ(z.size(), 3u);
    EXPECT_TRUE(y.empty());
    EXPECT_TRUE(shared_vector<int>(0).empty());
  }
  EXPECT_EQ(open_files(), before);
  int copy = -1;  // as a worker has it
  {
    const SharedMemory x(400'000'000);
    copy = dup(x.file());
    ASSERT_EQ(fstat(copy, &memory), 0);
    EXPECT_GE(memory.st_blocks * 512, 400'000'000) << "not all pages are there from the start";
  }
  ASSERT_EQ(fstat(copy, &memory), 0);
  EXPECT_EQ(memory.st_blocks, 0) << "pages stay although their owner is gone";
  close(copy);
}

TEST(SharedVector, B1_RefusesWhatTheMachineHasNot) {
  try {
    const shared_vector<char> x(std::size_t{1} << 45);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::out_of_memory);
    EXPECT_NE(error.text().find("are available"), std::string::npos) << error.what();
  }
  EXPECT_THROW(shared_vector<double>(std::size_t(-1) / 4), std::bad_alloc);
}

/// A machine made of files.
class MemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/flynn-memory-XXXXXX";
    ASSERT_TRUE(mkdtemp(name));
    root_ = name;
    write("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 800 kB\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + "/" + name).parent_path());
    std::ofstream(root_ + "/" + name) << text;
  }
  std::string root_;
};

TEST_F(MemoryTest, B1_CountsTheControlGroups) {
  EXPECT_EQ(detect::available_memory(root_), 800u * 1024);
  write("proc/self/mountinfo", "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 none rw\n");
  write("proc/self/cgroup", "0::/a/b\n");
  write("sys/fs/cgroup/a/memory.max", "300000\n");
  write("sys/fs/cgroup/a/memory.current", "100000\n");
  write("sys/fs/cgroup/a/b/memory.max", "max\n");
  EXPECT_EQ(detect::available_memory(root_), 200'000u);
  write("sys/fs/cgroup/a/memory.current", "400000\n");
  EXPECT_EQ(detect::available_memory(root_), 0u);
  write("sys/fs/cgroup/a/memory.max", "rubbish\n");
  EXPECT_EQ(detect::available_memory(root_), 800u * 1024);
  write("proc/meminfo", "");
  EXPECT_GT(detect::available_memory(root_), std::uint64_t{1} << 60);
}

/// As few file descriptors as are open now and some more.
class FileLimit {
 public:
  explicit FileLimit(rlim_t more) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit now = {open_files() + more, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &now);
  }
  ~FileLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

TEST(FileDescriptors, B2_RunOutWithAClearError) {
  Context context;
  shared_vector<float> x(100'000, 1.0f);
  const Options processes{.backend = "processes", .context = &context};
  ASSERT_EQ(sum(x, processes), 100'000.0f);
  const FileLimit limit(3);
  std::vector<shared_vector<float>> more;
  try {
    for (int i = 0; i < 100; ++i) more.emplace_back(1000);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::resource_exhausted);
    EXPECT_NE(std::string(error.what()).find("ulimit -n"), std::string::npos) << error.what();
  }
  EXPECT_EQ(sum(x, processes), 100'000.0f);  // what is there still works
  try {
    const ProcessPool pool({.program = FLYNN_TEST_WORKER, .workers = 2});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("Too many open files"), std::string::npos) << error.what();
  }
}

/// Becomes a user with a limit, which root has not, and makes a pool: 0 when that is an error that says why, 77 when it
/// cannot be tried.
[[noreturn]] void make_pool_as_nobody(rlim_t processes) {
  const rlimit limit = {processes, processes};
  if (setresuid(65534, 65534, 65534) != 0 || access(FLYNN_TEST_WORKER, X_OK) != 0) _exit(77);
  setrlimit(RLIMIT_NPROC, &limit);
  try {
    const ProcessPool pool({.program = FLYNN_TEST_WORKER, .workers = 2});
  } catch (const Error& error) {
    const bool is_clear = error.code() == Code::unavailable && error.hint().find("ulimit -u") != std::string::npos &&
                          error.text().find("temporarily unavailable") != std::string::npos;
    std::fprintf(stderr, "%s\n", error.what());
    _exit(is_clear ? 0 : 1);
  }
  _exit(2);
}

TEST(ProcessLimit, B3_IsAClearError) {
  for (rlim_t processes : {0, 1}) {  // not even the supervisor's thread; that, but no worker
    const pid_t child = fork();
    if (child == 0) make_pool_as_nobody(processes);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "cannot become a user with a limit who may run the worker";
    EXPECT_EQ(WEXITSTATUS(status), 0) << processes;
  }
}

TEST(Report, TellsOfCopies) {
  std::vector<double> x(10'000, 1.0), y(10'000, 2.0);
  shared_vector<double> shared_x(10'000, 1.0), shared_y(10'000, 2.0);
  Report report;
  const Options options{.backend = "processes", .report = &report};
  axpy(3.0, x, y, options);
  EXPECT_EQ(report.clocks.bytes_moved, 3 * 80'000u);  // x and y there, y back
  EXPECT_EQ(y[9'999], 5.0);
  axpy(3.0, x, shared_y, options);
  EXPECT_EQ(report.clocks.bytes_moved, 80'000u);
  axpy(3.0, shared_x, shared_y, options);
  EXPECT_EQ(report.clocks.bytes_moved, 0u);
  EXPECT_EQ(shared_y[9'999], 8.0);
  EXPECT_EQ(sum(shared_y, options), 80'000.0);
  EXPECT_EQ(report.clocks.bytes_moved, 0u);
  EXPECT_EQ(report.used, "processes");
  EXPECT_EQ(report.outputs, Outputs::written);
}

/// A worker of the real backend dies in the middle of a call that works on copies.
TEST(Report, TellsThatCopiesLeaveTheOriginalAlone) {
  Context context;
  std::vector<std::uint64_t> numbers(400'000, 18446743979220271189u), primes(15 * numbers.size(), 1);  // hard ones
  std::vector<std::uint8_t> exponents(primes.size(), 1), counts(numbers.size(), 1);
  const Factorize<std::uint64_t> w{numbers, primes, exponents, counts};
  Report report;
  const Options options{.backend = "processes", .report = &report, .context = &context};
  sum(std::vector<float>(100'000), options);
  std::atomic<bool> is_over{false};
  std::thread killer([&] {
    std::this_thread::sleep_for(300ms);
    for (pid_t pid : children()) kill(pid, SIGKILL);
  });
  const auto done = try_run(w, options);
  killer.join();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::worker_died) << done.error().what();
  EXPECT_EQ(report.outputs, Outputs::unchanged);
  EXPECT_EQ(primes[0], 1u);
  EXPECT_EQ(sum(std::vector<float>(100'000, 1.0f), options), 100'000.0f);
}

}  // namespace
}  // namespace flynn::faults

// flynn::mp when the system has nothing left: the rows A11 and B1 to B7 of docs/faults.md.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <thread>

#include <host/detect/cgroup.hpp>
#include <host/mp/pool_core.hpp>
#include <tests/faults/mp_fixture.hpp>

namespace flynn::mp {
namespace {

namespace fs = std::filesystem;

/// A control group below that of this process with a limit on memory, in version 1 or 2; none where it cannot be made.
class MemoryGroup {
 public:
  explicit MemoryGroup(std::size_t bytes) {
    for (const detect::ControlGroup& group : detect::own_groups("/", "memory")) {
      const std::string folder = group.folder + "/flynn-test-" + std::to_string(getpid());
      std::error_code error;
      if (!fs::create_directory(folder, error)) continue;
      folder_ = folder;
      write(group.v2 ? "memory.swap.max" : "memory.swappiness", "0");
      if (write(group.v2 ? "memory.max" : "memory.limit_in_bytes", std::to_string(bytes))) return;
      fs::remove(folder_);
      folder_.clear();
    }
  }
  ~MemoryGroup() {
    if (!folder_.empty()) faults::holds_within(5s, [&] { return rmdir(folder_.c_str()) == 0; });
  }
  bool is_there() const { return !folder_.empty(); }

  /// What a program prints that runs in it.
  std::string output_of(const std::string& command) const {
    faults::Program program({"sh", "-c", "echo $$ > " + folder_ + "/cgroup.procs && exec " + command});
    const std::string text = program.rest();
    EXPECT_EQ(program.end_within(5s * slow), 0) << text;
    std::printf("%s", text.c_str());
    return text;
  }

 private:
  bool write(const std::string& name, const std::string& value) {
    std::ofstream file(folder_ + "/" + name);
    return bool(file << value << std::flush);
  }
  std::string folder_;
};

bool has(const std::string& text, const char* words) { return text.find(words) != std::string::npos; }

constexpr std::size_t mib = std::size_t{1} << 20;

// The sanitizers reserve memory without end, and keep what was freed.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST(MemoryLimit, A11_AnOomKillIsSuspected) {
  const MemoryGroup group(150 * mib);
  if (!group.is_there()) GTEST_SKIP() << "no control group for memory can be made here; A11_Simulated stands for it";
  const std::string text = group.output_of(FLYNN_TEST_MP_LIMITS " oom");
  EXPECT_TRUE(has(text, "worker died: the task was lost")) << text;
  EXPECT_TRUE(has(text, "perhaps by the kernel for want of memory")) << text;
  EXPECT_TRUE(has(text, "\n9\n")) << "the pool goes on";
}

TEST(MemoryLimit, B1_AnArgumentThatDoesNotFitIsAnError) {
  const MemoryGroup group(150 * mib);
  if (!group.is_there()) GTEST_SKIP() << "no control group for memory can be made here";
  EXPECT_TRUE(has(group.output_of(FLYNN_TEST_MP_LIMITS " argument"), "out of memory: no shared memory of"));
  const std::string text = group.output_of(FLYNN_TEST_MP_LIMITS " result");
  EXPECT_TRUE(has(text, "out of memory: ") && has(text, "\n9\n")) << text;
}

TEST(AddressLimit, B5_NoRoomToMapIsAnError) {
  faults::Program program({FLYNN_TEST_MP_LIMITS, "argument", "limited"});
  const std::string text = program.rest();
  EXPECT_EQ(program.end_within(5s), 0);
  EXPECT_TRUE(has(text, "out of memory: no shared memory of") && has(text, "\n9\n")) << text;
}
#endif

/// A machine made of files: what the kernel counts in its control groups.
TEST(MemoryLimit, A11_Simulated) {
  char name[] = "/tmp/flynn-groups-XXXXXX";
  ASSERT_TRUE(mkdtemp(name));
  const std::string root = name;
  const auto write = [&](const std::string& file, const std::string& text) {
    fs::create_directories(fs::path(root + "/" + file).parent_path());
    std::ofstream(root + "/" + file) << text;
  };
  write("proc/self/mountinfo", "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 none rw\n");
  write("proc/self/cgroup", "0::/a\n");
  EXPECT_EQ(detail::count_oom_kills(root), 0u);
  write("sys/fs/cgroup/a/memory.events", "low 5\nhigh 6\nmax 7\noom 8\noom_kill 3\noom_group_kill 1\n");
  EXPECT_EQ(detail::count_oom_kills(root), 3u);
  write("proc/self/mountinfo", "1 0 0:1 / /sys/fs/cgroup/memory rw - cgroup none rw,memory\n");
  write("proc/self/cgroup", "4:memory:/b\n");
  write("sys/fs/cgroup/memory/b/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  EXPECT_EQ(detail::count_oom_kills(root), 2u);
  fs::remove_all(root);
}

/// The runtime of ASan and UBSan wants a descriptor to look at an object, and a process to look for leaks.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool needs_more = true;
#else
constexpr bool needs_more = false;
#endif

TEST(FileLimit, B2_NoDescriptorIsAnErrorWithItsCure) {
  if (needs_more) GTEST_SKIP() << "AddressSanitizer needs what is limited here";
  faults::Program program({FLYNN_TEST_MP_LIMITS, "files"});
  const std::string text = program.rest();
  EXPECT_EQ(program.end_within(5s * slow), 0);
  std::printf("%s", text.c_str());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
  EXPECT_TRUE(has(text, "ulimit -n")) << text;
  EXPECT_FALSE(has(text, "no error")) << text;
  EXPECT_TRUE(has(text, "\n9\n")) << "what is there works on";
}

TEST(ProcessLimit, B3_B4_FewerProcessesAndThreadsOrAClearError) {
  if (needs_more) GTEST_SKIP() << "AddressSanitizer needs what is limited here";
  int errors = 0, pools = 0;
  for (int limit = 0; limit <= 30; limit += limit < 12 ? 1 : 6) {
    faults::Program program({FLYNN_TEST_MP_LIMITS, "processes", std::to_string(limit)});
    const std::string text = program.rest();
    const auto code = program.end_within(15s * slow);
    if (code == 77) GTEST_SKIP() << "cannot become a user with a limit who may run the program";
    EXPECT_EQ(code, 0) << "with " << limit << ":\n" << text;
    const bool is_error = has(text, "unavailable: ") || has(text, "resource exhausted: ");
    EXPECT_TRUE(is_error || has(text, " workers, 9, 16\nno error")) << "with " << limit << ":\n" << text;
    errors += is_error;
    pools += has(text, "2 workers, 9, 16");
  }
  EXPECT_GT(errors, 0);
  EXPECT_GT(pools, 0);
}

}  // namespace
}  // namespace flynn::mp

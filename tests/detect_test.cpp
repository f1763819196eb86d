// Budget: control groups as files of a made-up machine, then the real affinity mask and, where it may, a real group.

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <host/detect/budget.hpp>
#include <host/detect/cpu.hpp>
#include <host/detect/quota.hpp>

namespace fs = std::filesystem;
using flynn::detect::allowed_cpus;
using flynn::detect::budget;
using flynn::detect::cpu_quota;

namespace {

const std::string v2_mount = "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string v1_mount = "33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";

/// A directory that stands for the root of another machine.
class Machine : public testing::Test {
 protected:
  Machine() {
    std::string name = fs::temp_directory_path() / "flynn-detect-XXXXXX";
    root = mkdtemp(name.data());
  }
  ~Machine() override { fs::remove_all(root); }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  void process(const std::string& groups, const std::string& mounts) {
    write("proc/self/cgroup", groups);
    write("proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n" + mounts);
  }
  std::optional<double> quota() { return cpu_quota(root); }

  fs::path root;
};

using V2 = Machine;
using V1 = Machine;
using Hybrid = Machine;

TEST_F(V2, NoFilesMeanNoLimit) { EXPECT_FALSE(quota()); }

TEST_F(V2, OwnGroup) {
  process("0::/job\n", v2_mount);
  write("sys/fs/cgroup/job/cpu.max", "150000 100000\n");
  EXPECT_EQ(quota(), 1.5);
}

TEST_F(V2, LeastOfTheTreeCounts) {
  process("0::/a/b/c\n", v2_mount);
  write("sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
  write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/a/cpu.max", "300000 100000\n");
  write("sys/fs/cgroup/a/stranger/cpu.max", "100000 100000\n");
  EXPECT_EQ(quota(), 3.0);
  write("sys/fs/cgroup/cpu.max", "100000 50000\n");  // a container sees its own group as the root
  EXPECT_EQ(quota(), 2.0);
}

TEST_F(V2, GarbageSetsNoLimit) {
  process("0::/job\n", v2_mount);
  for (const char* text :
       {"", "\n", "max 100000\n", "max\n", "-1 100000\n", "0 100000\n", "100000 0\n", "100000\n", "1e5 100000\n",
        "100000 100000 7\n", "99999999999999999999 100000\n", "0x10 16\n", "\xff\n"}) {
    write("sys/fs/cgroup/job/cpu.max", text);
    EXPECT_FALSE(quota()) << "cpu.max is '" << text << "'";
  }
}

TEST_F(V2, GarbageInOneGroupHidesNoOther) {
  process("0::/a/b\n", v2_mount);
  write("sys/fs/cgroup/a/b/cpu.max", "garbage\n");
  write("sys/fs/cgroup/a/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota(), 2.0);
}

TEST_F(V2, GarbageInProcIsIgnored) {
  for (const char* text : {"", ":", "0:", "0::", "\n\n", "no colon", "0:cpu"}) {
    process(text, v2_mount + "garbage\n30 20\n\n30 20 0:26 / /sys/fs/cgroup rw\n");
    EXPECT_FALSE(quota()) << text;
  }
}

TEST_F(V2, MountOfASubtree) {  // as a container without a namespace of its own sees it
  process("0::/box/job\n", "30 20 0:26 /box /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  write("sys/fs/cgroup/job/cpu.max", "400000 100000\n");
  write("sys/fs/cgroup/cpu.max", "500000 100000\n");
  EXPECT_EQ(quota(), 4.0);
}

TEST_F(V2, MountOfAStrangersSubtreeIsNotOurs) {
  process("0::/boxed/job\n", "30 20 0:26 /box /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  write("sys/fs/cgroup/job/cpu.max", "100000 100000\n");
  EXPECT_FALSE(quota());
}

TEST_F(V2, GroupsOutsideTheNamespace) {
  process("0::/../job\n", v2_mount);
  write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_FALSE(quota()) << "the mount shows our namespace, and we are not in it";
  process("0::/job\n", "30 20 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(quota(), 1.0) << "the mount shows a group above us";
}

TEST_F(V2, SpacesInTheMountPoint) {
  process("0::/my job\n", "30 20 0:26 / /sys/control\\040groups rw - cgroup2 cgroup2 rw\n");
  write("sys/control groups/my job/cpu.max", "600000 100000\n");
  EXPECT_EQ(quota(), 6.0);
}

TEST_F(V1, QuotaOverPeriod) {
  process("3:cpuset:/elsewhere\n1:cpu,cpuacct:/a/b\n", v1_mount);
  const std::string cpu = "sys/fs/cgroup/cpu,cpuacct/";
  write(cpu + "a/b/cpu.cfs_quota_us", "-1\n");
  write(cpu + "a/b/cpu.cfs_period_us", "100000\n");
  EXPECT_FALSE(quota());
  write(cpu + "a/cpu.cfs_quota_us", "125000\n");
  write(cpu + "a/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(quota(), 2.5);
  write(cpu + "elsewhere/cpu.cfs_quota_us", "10000\n");
  write(cpu + "elsewhere/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 2.5) << "cpuset's group is not cpu's";
}

TEST_F(V1, PeriodMissingOrGarbage) {
  process("1:cpu:/\n", "33 30 0:29 / /cpu rw - cgroup cgroup rw,cpu\n");
  write("cpu/cpu.cfs_quota_us", "50000\n");
  EXPECT_FALSE(quota());
  write("cpu/cpu.cfs_period_us", "soon\n");
  EXPECT_FALSE(quota());
  write("cpu/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(quota(), 1.0);
}

TEST_F(V1, OtherControllersDoNotCount) {
  process("3:cpu:/\n2:cpuacct:/\n1:cpuset:/\n",
          "33 30 0:29 / /c rw - cgroup cgroup rw,cpuacct\n34 30 0:29 / /c rw - cgroup cgroup rw,cpuset\n");
  write("c/cpu.cfs_quota_us", "50000\n");
  write("c/cpu.cfs_period_us", "50000\n");
  EXPECT_FALSE(quota());
}

TEST_F(Hybrid, LeastOfBothVersions) {
  process("1:cpu,cpuacct:/one\n0::/two\n", v1_mount + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  write("sys/fs/cgroup/unified/two/cpu.max", "700000 100000\n");
  EXPECT_EQ(quota(), 7.0);
  write("sys/fs/cgroup/cpu,cpuacct/one/cpu.cfs_quota_us", "500000\n");
  write("sys/fs/cgroup/cpu,cpuacct/one/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 5.0);
}

TEST(Budget, IsTheLeastAndAtLeastOne) {
  EXPECT_EQ(budget(8, {}, 0), 8u);
  EXPECT_EQ(budget(8, {}, 3), 3u);
  EXPECT_EQ(budget(2, {}, 3), 2u);
  EXPECT_EQ(budget(8, 4.0, 0), 4u);
  EXPECT_EQ(budget(8, 4.0, 6), 4u);
  EXPECT_EQ(budget(8, 4.0, 2), 2u);
  EXPECT_EQ(budget(2, 4.0, 0), 2u);
  EXPECT_EQ(budget(8, 1.5, 0), 1u);
  EXPECT_EQ(budget(8, 0.1, 0), 1u);
  EXPECT_EQ(budget(0, {}, 0), 1u);
  EXPECT_EQ(budget(4, 1e300, 4'000'000'000u), 4u);
}

#if defined(__x86_64__)
TEST(Cpu, B11_OnlyWhatTheSystemSaves) {
  using flynn::detect::Cpu;
  using flynn::detect::features_of;
  const auto levels = [](const Cpu& c) {
    return std::vector{c.has_sse4_2, c.has_avx2, c.has_avx512bw, c.has_avx512ifma};
  };
  flynn::detect::CpuBits all = {~0u, ~0u, ~0u, ~0u, 0xe7};
  EXPECT_EQ(levels(features_of(all)), (std::vector{true, true, true, true}));
  for (const std::uint64_t saved : {0x7, 0x27, 0x67, 0xa7}) {  // a hypervisor hides a part of the state of AVX-512
    all.saved = saved;
    EXPECT_EQ(levels(features_of(all)), (std::vector{true, true, false, false})) << saved;
  }
  for (const std::uint64_t saved : {0x0, 0x1, 0x3, 0x5, 0xe3}) {  // or of AVX; 0 without OSXSAVE
    all.saved = saved;
    EXPECT_EQ(levels(features_of(all)), (std::vector{true, false, false, false})) << saved;
  }
  EXPECT_EQ(levels(features_of({.saved = 0xe7})), (std::vector{false, false, false, false}));
}
#endif

/// Runs `body` in a child process, whose affinity and group may then change; true when it returned true.
bool in_child(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = -1;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Affinity, OneCpuIsSeen) {
  const int last = allowed_cpus().back();
  EXPECT_TRUE(in_child([last] {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(last, &mask);
    return sched_setaffinity(0, sizeof mask, &mask) == 0 && allowed_cpus() == std::vector{last} && budget() == 1 &&
           budget(7) == 1;
  }));
}

/// A group of this machine below our own, with a limit of half a CPU; empty `directory` when none can be made.
struct RealGroup {
  std::string directory;
  RealGroup() {
    for (const char* top : {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup"}) {
      const std::string mine = std::string(top) + "/flynn-test-" + std::to_string(getpid());
      if (mkdir_and_limit(mine)) {
        directory = mine;
        return;
      }
    }
  }
  ~RealGroup() {
    if (!directory.empty()) rmdir(directory.c_str());
  }
  static bool put(const std::string& path, const std::string& text) {
    std::FILE* file = std::fopen(path.c_str(), "r+");  // never creates what the kernel does not offer
    if (!file) return false;
    const bool written = std::fputs(text.c_str(), file) >= 0;
    return (std::fclose(file) == 0) && written;
  }
  static bool mkdir_and_limit(const std::string& mine) {
    std::error_code error;
    if (!fs::create_directory(mine, error) || error) return false;
    if (put(mine + "/cpu.max", "50000 100000") || put(mine + "/cpu.cfs_quota_us", "50000")) return true;
    rmdir(mine.c_str());
    return false;
  }
};

TEST(RealGroup, QuotaOfHalfACpuIsSeen) {
  const RealGroup group;
  if (group.directory.empty()) GTEST_SKIP() << "no control group with a CPU limit can be made here";
  EXPECT_TRUE(in_child([&] {
    if (!RealGroup::put(group.directory + "/cgroup.procs", std::to_string(getpid()))) return false;
    const auto quota = cpu_quota();
    return quota && *quota <= 0.5 && budget() == 1 && budget(4) == 1;
  }));
}

}  // namespace

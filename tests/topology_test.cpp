// Topology and nodes of machines that are not here: descriptions and exports of hwloc, and folders that stand for /sys.

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>

#include <host/detect/budget.hpp>
#include <host/detect/topology.hpp>

namespace fs = std::filesystem;

namespace flynn::detect {
namespace {

std::vector<int> up_to(int n) {
  std::vector<int> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// What hwloc tells, or a skip where flynn was built without it.
class Hwloc : public testing::Test {
 protected:
  void SetUp() override {
    Topology topology;
    if (!read_hwloc({.synthetic = "pu:1"}, topology)) GTEST_SKIP() << "built without hwloc";
  }
};

TEST_F(Hwloc, TwoNodes) {
  const Topology t = read_topology({.synthetic = "numa:2 core:4 pu:2"});
  EXPECT_EQ(t.source, "hwloc");
  ASSERT_EQ(t.nodes.size(), 2u);
  EXPECT_EQ(t.nodes[0].cpus, up_to(8));
  EXPECT_EQ(t.nodes[1].cpus, (std::vector{8, 9, 10, 11, 12, 13, 14, 15}));
  EXPECT_EQ(t.nodes[1].id, 1);
  EXPECT_GT(t.nodes[1].memory_bytes, 0u);
  ASSERT_EQ(t.cores.size(), 8u);
  EXPECT_EQ(t.cores[7].cpus, (std::vector{14, 15}));
}

TEST_F(Hwloc, PackagesNodesAndCaches) {
  const Topology t = read_topology({.synthetic = "pack:2 numa:2 l3:1(size=33554432) l2:4(size=1048576) core:1 pu:2"});
  ASSERT_EQ(t.packages.size(), 2u);
  EXPECT_EQ(t.packages[0].cpus, up_to(16));
  EXPECT_EQ(t.nodes.size(), 4u);
  EXPECT_EQ(t.cores.size(), 16u);
  ASSERT_EQ(t.caches.size(), 4u + 16u);
  EXPECT_EQ(t.caches[0].level, 3) << "the largest level comes first";
  EXPECT_EQ(t.caches[0].bytes, 33554432u);
  EXPECT_EQ(t.caches[0].cpus, up_to(8));
  EXPECT_EQ(t.caches[4].level, 2);
  EXPECT_EQ(t.caches[4].bytes, 1048576u);
}

TEST_F(Hwloc, SixtyFourNodes) {
  const Topology t = read_topology({.synthetic = "numa:64 core:2 pu:1"});
  ASSERT_EQ(t.nodes.size(), 64u);
  EXPECT_EQ(t.nodes[63].id, 63);
  EXPECT_EQ(t.nodes[63].cpus, (std::vector{126, 127}));
  EXPECT_EQ(t.packages.size(), 0u);
}

TEST_F(Hwloc, OnlyTheseCpus) {
  const Topology t = read_topology({.synthetic = "pack:2 numa:1 l3:1 core:4 pu:2", .cpus = {9, 10, 11}});
  ASSERT_EQ(t.packages.size(), 1u);
  EXPECT_EQ(t.packages[0].cpus, (std::vector{9, 10, 11}));
  ASSERT_EQ(t.cores.size(), 2u);
  EXPECT_EQ(t.cores[0].cpus, std::vector{9});
  EXPECT_EQ(t.caches.size(), 1u);
  ASSERT_EQ(t.nodes.size(), 2u) << "the memory of the other node may be used";
  EXPECT_EQ(t.nodes[0].cpus, std::vector<int>{});
  EXPECT_EQ(t.nodes[1].cpus, (std::vector{9, 10, 11}));
}

/// Two packages with a node each, a third node of memory alone, distances, and two GPUs, one of them without a driver.
constexpr const char* machine_xml = R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE topology SYSTEM "hwloc2.dtd">
<topology version="2.0">
<object type="Machine" os_index="0" cpuset="0x0000000f" complete_cpuset="0x0000000f" allowed_cpuset="0x0000000f" nodeset="0x00000007" complete_nodeset="0x00000007" allowed_nodeset="0x00000007" gp_index="1">
 <object type="NUMANode" os_index="2" cpuset="0x0000000f" complete_cpuset="0x0000000f" nodeset="0x00000004" complete_nodeset="0x00000004" gp_index="22" local_memory="4294967296"/>
 <object type="Package" os_index="0" cpuset="0x00000003" complete_cpuset="0x00000003" nodeset="0x00000005" complete_nodeset="0x00000005" gp_index="2">
  <object type="NUMANode" os_index="0" cpuset="0x00000003" complete_cpuset="0x00000003" nodeset="0x00000001" complete_nodeset="0x00000001" gp_index="20" local_memory="1073741824"/>
  <object type="Core" os_index="0" cpuset="0x00000003" complete_cpuset="0x00000003" nodeset="0x00000005" complete_nodeset="0x00000005" gp_index="4">
   <object type="PU" os_index="0" cpuset="0x00000001" complete_cpuset="0x00000001" nodeset="0x00000005" complete_nodeset="0x00000005" gp_index="5"/>
   <object type="PU" os_index="1" cpuset="0x00000002" complete_cpuset="0x00000002" nodeset="0x00000005" complete_nodeset="0x00000005" gp_index="6"/>
  </object>
 </object>
 <object type="Package" os_index="1" cpuset="0x0000000c" complete_cpuset="0x0000000c" nodeset="0x00000006" complete_nodeset="0x00000006" gp_index="3">
  <object type="NUMANode" os_index="1" cpuset="0x0000000c" complete_cpuset="0x0000000c" nodeset="0x00000002" complete_nodeset="0x00000002" gp_index="21" local_memory="0"/>
  <object type="Core" os_index="0" cpuset="0x0000000c" complete_cpuset="0x0000000c" nodeset="0x00000006" complete_nodeset="0x00000006" gp_index="7">
   <object type="PU" os_index="2" cpuset="0x00000004" complete_cpuset="0x00000004" nodeset="0x00000006" complete_nodeset="0x00000006" gp_index="8"/>
   <object type="PU" os_index="3" cpuset="0x00000008" complete_cpuset="0x00000008" nodeset="0x00000006" complete_nodeset="0x00000006" gp_index="9"/>
  </object>
  <object type="Bridge" gp_index="30" bridge_type="0-1" depth="0" bridge_pci="0000:[65-66]">
   <object type="PCIDev" gp_index="31" name="A GPU" pci_busid="0000:65:00.0" pci_type="0302 [10de:2330] [10de:16c1] a1" pci_link_speed="0.000000">
    <object type="OSDev" gp_index="32" name="card1" osdev_type="1"/>
   </object>
   <object type="PCIDev" gp_index="33" pci_busid="0000:66:00.0" pci_type="0300 [10de:2330] [10de:16c1] a1" pci_link_speed="0.000000"/>
   <object type="PCIDev" gp_index="34" pci_busid="0000:66:00.1" pci_type="0108 [10de:2330] [10de:16c1] a1" pci_link_speed="0.000000"/>
  </object>
 </object>
</object>
<distances2 type="NUMANode" nbobjs="3" kind="5" indexing="os"><indexes length="6">0 1 2 </indexes><u64values length="27">10 21 17 22 10 18 17 18 10 </u64values></distances2>
</topology>
)";

TEST_F(Hwloc, ExportWithDistancesDevicesAndOddNodes) {
  const Topology t = read_topology({.xml = machine_xml});
  ASSERT_EQ(t.source, "hwloc");
  ASSERT_EQ(t.nodes.size(), 3u);
  EXPECT_EQ(t.nodes[0].memory_bytes, std::uint64_t{1} << 30);
  EXPECT_EQ(t.nodes[1].memory_bytes, 0u);
  EXPECT_EQ(t.nodes[2].memory_bytes, std::uint64_t{4} << 30);
  EXPECT_EQ(t.nodes[0].distance, (std::vector<unsigned>{10, 21, 17}));
  EXPECT_EQ(t.nodes[1].distance, (std::vector<unsigned>{22, 10, 18}));
  EXPECT_EQ(t.nodes[2].distance, (std::vector<unsigned>{17, 18, 10}));
  ASSERT_EQ(t.devices.size(), 2u) << "a disk is no device that counts here";
  EXPECT_EQ(t.devices[0].kind, "GPU");
  EXPECT_EQ(t.devices[0].name, "A GPU");
  EXPECT_EQ(t.devices[0].pci_address, "0000:65:00.0");
  EXPECT_EQ(t.devices[0].system_names, std::vector<std::string>{"card1"});
  EXPECT_EQ(t.devices[1].pci_address, "0000:66:00.0");
  EXPECT_EQ(t.devices[1].system_names, std::vector<std::string>{});
  for (const auto& device : t.devices) EXPECT_EQ(device.nodes, (std::vector{1, 2}));
}

TEST_F(Hwloc, EnvironmentPutsAnotherMachineHere) {
  setenv("HWLOC_SYNTHETIC", "numa:3 core:1 pu:1", 1);
  EXPECT_EQ(read_topology().nodes.size(), 3u) << "the affinity mask of this machine says nothing about that one";
  unsetenv("HWLOC_SYNTHETIC");
  const std::string file = testing::TempDir() + "flynn-topology-" + std::to_string(getpid()) + ".xml";
  std::ofstream(file) << machine_xml;
  setenv("HWLOC_XMLFILE", file.c_str(), 1);
  EXPECT_EQ(read_topology().devices.size(), 2u);
  unsetenv("HWLOC_XMLFILE");
  fs::remove(file);
}

TEST_F(Hwloc, GarbageFallsBack) {
  const std::vector<int> all = allowed_cpus();
  for (const TopologySource& source :
       {TopologySource{.synthetic = "numa:two"}, TopologySource{.xml = "<topology>"}, TopologySource{.xml = "garbage"},
        TopologySource{.synthetic = "pu:4", .cpus = {77}}}) {
    const Topology t = read_topology(source);
    ASSERT_FALSE(t.nodes.empty());
    EXPECT_NE(t.source, "hwloc");
    EXPECT_EQ(t.nodes[0].cpus, source.cpus.empty() ? all : source.cpus);
  }
}

TEST_F(Hwloc, NoSys) {
  const fs::path empty = fs::path(testing::TempDir()) / ("flynn-no-sys-" + std::to_string(getpid()));
  fs::create_directories(empty);
  setenv("HWLOC_FSROOT", empty.c_str(), 1);
  testing::internal::CaptureStderr();
  const Topology t = read_topology();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  unsetenv("HWLOC_FSROOT");
  fs::remove_all(empty);
  ASSERT_EQ(t.nodes.size(), 1u);
  EXPECT_FALSE(t.nodes[0].cpus.empty());
}

TEST(Topology, OfThisMachineHasTheAllowedCpusAlone) {
  const std::vector<int> all = allowed_cpus();
  EXPECT_EQ(&topology(), &topology());
  std::vector<int> seen;
  for (const auto& node : topology().nodes) seen.insert(seen.end(), node.cpus.begin(), node.cpus.end());
  std::ranges::sort(seen);
  EXPECT_EQ(seen, all);

  const pid_t child = fork();
  if (child == 0) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(std::size_t(all.back()), &mask);
    sched_setaffinity(0, sizeof mask, &mask);
    const Topology t = read_topology();
    bool right = t.nodes.back().cpus == std::vector{all.back()} && t.cores.size() <= 1;
    _exit(right ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0) << "one CPU by the affinity mask";
}

/// A folder that stands for the root of another machine.
class Sys : public testing::Test {
 protected:
  Sys() {
    std::string name = fs::temp_directory_path() / "flynn-nodes-XXXXXX";
    root = mkdtemp(name.data());
  }
  ~Sys() override { fs::remove_all(root); }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  void node(int id, const std::string& cpus) { write(folder + "node" + std::to_string(id) + "/cpulist", cpus + "\n"); }

  fs::path root;
  const std::string folder = "sys/devices/system/node/";
};

TEST_F(Sys, OneNodeOrNone) {
  EXPECT_TRUE(read_nodes(root).empty());
  write(folder + "online", "0\n");
  node(0, "0-3");
  EXPECT_TRUE(read_nodes(root).empty());
  EXPECT_EQ(flat_topology({}, {2, 5}).source, "none");
  EXPECT_EQ(flat_topology({}, {2, 5}).nodes.at(0).cpus, (std::vector{2, 5}));
}

TEST_F(Sys, MemorylessAndForbiddenNodesWithGaps) {
  write(folder + "online", "0-1,4,6\n");
  write(folder + "has_memory", "0,4,6\n");
  write("proc/self/status", "Cpus_allowed:\tff\nMems_allowed_list:\t0-4\n");
  node(0, "0-1,8-9");
  node(1, "2-3");
  node(4, "");
  node(6, "4-5");
  const std::vector<Node> expected = {{0, {0, 1, 8, 9}, true}, {1, {2, 3}, false}, {4, {}, true}, {6, {4, 5}, false}};
  EXPECT_EQ(read_nodes(root), expected);

  const Topology t = flat_topology(expected, {1, 2, 3, 9});
  EXPECT_EQ(t.source, "sysfs");
  ASSERT_EQ(t.nodes.size(), 3u) << "node 6 is neither memory nor a CPU for us";
  EXPECT_EQ(t.nodes[0].cpus, (std::vector{1, 9}));
  EXPECT_EQ(t.nodes[2].id, 4);
}

TEST_F(Sys, SixtyFourNodes) {
  write(folder + "online", "0-63\n");
  write(folder + "has_memory", "0-63\n");
  write("proc/self/status", "Mems_allowed_list:\t0-63\n");
  for (int i = 0; i < 64; ++i) node(i, std::to_string(2 * i) + "-" + std::to_string(2 * i + 1));
  const std::vector<Node> nodes = read_nodes(root);
  ASSERT_EQ(nodes.size(), 64u);
  EXPECT_EQ(nodes[63].cpus, (std::vector{126, 127}));
  EXPECT_TRUE(nodes[63].has_memory);
}

TEST(List, OfTheKernel) {
  EXPECT_EQ(parse_list("0-3,8"), (std::vector{0, 1, 2, 3, 8}));
  EXPECT_EQ(parse_list("0-1,4\n"), (std::vector{0, 1, 4}));
  for (const char* text : {"", "\n", "-1", "x", ",", "5-3", "0-99999999999", "0-9999999"})
    EXPECT_EQ(parse_list(text), std::vector<int>{}) << text;
}

}  // namespace
}  // namespace flynn::detect

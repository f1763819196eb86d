// What compute_bench says of a machine: its devices with all ways in to each, and the tree of its topology.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include <bench/topology_text.hpp>
#include <bench/ways_in.hpp>

namespace flynn::bench {
namespace {

/// A GPU as a backend tells of it. The UUID is made of one number; 0 for unknown.
Device gpu(std::uint8_t uuid, const char* address, const char* name = "a GPU") {
  Device device;
  std::snprintf(device.name, sizeof device.name, "%s", name);
  std::snprintf(device.pci_address, sizeof device.pci_address, "%s", address);
  if (uuid != 0)
    for (std::uint8_t& byte : device.uuid) byte = uuid++;
  return device;
}

/// "cuda0+opencl1 opencl0": the devices, and the ways in to each.
std::string ways_text(const std::vector<Device>& cuda, const std::vector<Device>& opencl) {
  const std::deque<BackendInfo> backends = {
      {.name = "simd", .kind = FlynnClass::simd},
      {.name = "cuda", .kind = FlynnClass::simt, .available = true, .devices = cuda},
      {.name = "opencl", .kind = FlynnClass::simt, .available = true, .devices = opencl}};
  std::string text;
  for (const auto& ways : ways_in(backends)) {
    std::string one;
    for (const WayIn& way : ways) one += fmt::format("{}{}{}", one.empty() ? "" : "+", way.backend->name, way.index);
    text += fmt::format("{}{}", text.empty() ? "" : " ", one);
  }
  return text;
}

TEST(WaysIn, SameUuidIsOneDevice) {
  EXPECT_EQ(ways_text({gpu(1, "")}, {gpu(1, "")}), "cuda0+opencl0");
  EXPECT_EQ(ways_text({gpu(1, "0000:65:00.0")}, {gpu(1, "0001:65:00.0")}), "cuda0+opencl0");
}
TEST(WaysIn, WithoutAUuidTheAddressCounts) {
  EXPECT_EQ(ways_text({gpu(1, "0000:65:00.0")}, {gpu(0, "0000:65:00.0")}), "cuda0+opencl0");
  EXPECT_EQ(ways_text({gpu(0, "0000:65:00.0")}, {gpu(0, "0000:65:00.0")}), "cuda0+opencl0");
  EXPECT_EQ(ways_text({gpu(0, "0000:65:00.0")}, {gpu(0, "0000:b3:00.0")}), "cuda0 opencl0");
}
TEST(WaysIn, UnknownIsNotTheSame) {
  EXPECT_EQ(ways_text({gpu(0, "")}, {gpu(0, "")}), "cuda0 opencl0");
  EXPECT_EQ(ways_text({gpu(1, "0000:65:00.0")}, {gpu(0, "")}), "cuda0 opencl0");
}
TEST(WaysIn, TwoOfOneModelAreTwo) {
  EXPECT_EQ(ways_text({gpu(1, "0000:65:00.0"), gpu(9, "0000:b3:00.0")}, {gpu(9, "0000:b3:00.0"), gpu(1, "")}),
            "cuda0+opencl1 cuda1+opencl0");
}
TEST(WaysIn, PartsOfAGpuShareItsAddress) {
  EXPECT_EQ(ways_text({gpu(1, "0000:65:00.0"), gpu(9, "0000:65:00.0")}, {}), "cuda0 cuda1");
  EXPECT_EQ(ways_text({gpu(1, "0000:65:00.0")}, {gpu(0, "0000:65:00.0"), gpu(9, "0000:65:00.0")}),
            "cuda0+opencl0 opencl1");
}
TEST(WaysIn, TwoPlatformsOfOneBackend) {
  EXPECT_EQ(ways_text({}, {gpu(3, ""), gpu(0, "", "a CPU"), gpu(3, "")}), "opencl0+opencl2 opencl1");
  EXPECT_EQ(ways_text({}, {}), "");
}

TEST(WaysIn, AreShownTogether) {
  Device cuda = gpu(0xf8, "0000:65:00.0"), opencl = gpu(0xf8, "");
  std::snprintf(cuda.driver, sizeof cuda.driver, "CUDA 13.0");
  std::snprintf(opencl.driver, sizeof opencl.driver, "OpenCL 3.0");
  cuda.has_f64 = true;
  const std::deque<BackendInfo> backends = {{.name = "opencl", .kind = FlynnClass::simt, .devices = {opencl}},
                                            {.name = "cuda", .kind = FlynnClass::simt, .devices = {cuda}}};
  const std::vector<std::string> lines = device_lines(backends);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0].find("  opencl --device 0, or cuda --device 0: a GPU, "), 0u) << lines[0];
  EXPECT_EQ(lines[1], "    OpenCL 3.0");
  EXPECT_EQ(lines[2], "    CUDA 13.0");
  EXPECT_EQ(lines[3], "    PCI 0000:65:00.0");
  EXPECT_EQ(lines[4], "    UUID f8f9fafb-fcfd-feff-0001-020304050607");
}

/// Packages of nodes of L3 caches of four cores of two CPUs; the second CPUs come after all first ones.
Topology server(int packages, int nodes_each, int caches_each) {
  const int nodes = packages * nodes_each, cores = nodes * caches_each * 4;
  auto cpus = [&](int begin, int end) {
    std::vector<int> list;
    for (int second : {0, cores})
      for (int i = begin; i < end; ++i) list.push_back(second + i);
    return list;
  };
  Topology t{.source = "test"};
  for (int i = 0; i < packages; ++i) t.packages.push_back({cpus(cores / packages * i, cores / packages * (i + 1))});
  for (int i = 0; i < nodes; ++i) {
    std::vector<unsigned> distance(std::size_t(nodes), 21);
    distance[std::size_t(i)] = 10;
    t.nodes.push_back({i, std::uint64_t{64} << 30, cpus(cores / nodes * i, cores / nodes * (i + 1)), distance});
  }
  for (int i = 0; i < cores; i += 4) t.caches.push_back({3, 32 << 20, 64, cpus(i, i + 4)});
  for (int i = 0; i < cores; ++i) t.caches.push_back({2, 1 << 20, 64, cpus(i, i + 1)});
  for (int i = 0; i < cores; ++i) t.cores.push_back({cpus(i, i + 1)});
  return t;
}

TEST(Tree, FoldsWhatIsAlike) {
  Topology t = server(2, 1, 2);
  t.devices.push_back({"GPU", "A card", "0000:65:00.0", {"card1"}, {1}});
  t.devices.push_back({"network", "", "", {"eth0"}, {}});
  EXPECT_EQ(tree_text(t), (std::vector<std::string>{
                              "package 0: CPUs 0-7,16-23",
                              "  node 0, 64.0 GiB: CPUs 0-7,16-23",
                              "    2 x L3 32.0 MiB: CPUs 0-7,16-23",
                              "      4 x core of 2 CPUs, L2 1.00 MiB",
                              "package 1: CPUs 8-15,24-31",
                              "  node 1, 64.0 GiB: CPUs 8-15,24-31",
                              "    GPU 0000:65:00.0 A card (card1)",
                              "    2 x L3 32.0 MiB: CPUs 8-15,24-31",
                              "      4 x core of 2 CPUs, L2 1.00 MiB",
                              "network (eth0)",
                          }));
  EXPECT_EQ(distance_text(t), (std::vector<std::string>{"distance    0    1",  //
                                                        "       0   10   21",  //
                                                        "       1   21   10"}));
}

TEST(Tree, WhatIsNotAlikeIsNotFolded) {
  Topology t = server(1, 1, 3);
  t.caches[1].bytes = 96 << 20;
  EXPECT_EQ(tree_text(t).size(), 2u + 3 * 2);
  t = server(1, 1, 3);
  t.cores.erase(t.cores.begin() + 5);  // of the second L3: three cores are left, and an L2 cache without one
  EXPECT_GT(tree_text(t).size(), 4u);
}

TEST(Tree, LargeMachinesFitOnAScreen) {
  EXPECT_LE(tree_text(server(2, 4, 4)).size() + distance_text(server(2, 4, 4)).size(), 40u) << "128 cores, 8 nodes";
  const Topology t = server(16, 4, 1);
  EXPECT_EQ(tree_text(t), (std::vector<std::string>{
                              "16 x package: CPUs 0-511",
                              "  4 x node, about 64 GiB",
                              "    L3 32.0 MiB",
                              "      4 x core of 2 CPUs, L2 1.00 MiB",
                          }));
  EXPECT_EQ(distance_text(t).size(), 1u);
}

TEST(Tree, NothingButCpus) {
  EXPECT_EQ(tree_text({.nodes = {{.cpus = {0, 1, 2, 5}}}}), std::vector<std::string>{"node 0: CPUs 0-2,5"});
  EXPECT_EQ(distance_text({.nodes = {{.cpus = {0}}}}), std::vector<std::string>{});
  EXPECT_EQ(list_text({}), "");
}

}  // namespace
}  // namespace flynn::bench

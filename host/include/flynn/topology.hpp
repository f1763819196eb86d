#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <flynn/status.hpp>

namespace flynn {

/// What the machine is made of, as far as this process may use it: CPUs outside its affinity mask and NUMA nodes that
/// are forbidden to it are left out. CPUs and nodes have the numbers of the operating system, in rising order; a CPU is
/// what the system schedules on (a hardware thread), a core has one or more of them.
struct Topology {
  struct Package {
    std::vector<int> cpus = {};
  };
  struct Node {
    int id = 0;
    std::uint64_t memory_bytes = 0;       ///< 0: none, or unknown
    std::vector<int> cpus = {};           ///< may be empty: memory alone
    std::vector<unsigned> distance = {};  ///< to every one of `nodes` in their order, 10 to itself; empty: unknown
  };
  struct Cache {
    int level = 0;
    std::uint64_t bytes = 0;
    unsigned line_bytes = 0;     ///< 0: unknown
    std::vector<int> cpus = {};  ///< that share it
  };
  struct Core {
    std::vector<int> cpus = {};
  };
  struct Device {
    std::string kind = {};                       ///< "GPU", "accelerator" or "network"
    std::string name = {};                       ///< of the model; empty: unknown
    std::string pci_address = {};                ///< "0000:65:00.0"; empty when it is not on that bus
    std::vector<std::string> system_names = {};  ///< as the operating system calls it: "card1", "eth0"
    std::vector<int> nodes = {};                 ///< ids of the nearest ones; empty: all are alike
  };

  std::vector<Package> packages = {};
  std::vector<Node> nodes = {};    ///< never empty
  std::vector<Cache> caches = {};  ///< for data, the largest level first
  std::vector<Core> cores = {};
  std::vector<Device> devices = {};
  std::string source = {};  ///< "hwloc", "sysfs" (nodes and CPUs alone), or "none" (one node that has all CPUs)
};

/// Read at the first use, which takes milliseconds, and kept. Opens no driver.
FLYNN_API const Topology& topology();

}  // namespace flynn

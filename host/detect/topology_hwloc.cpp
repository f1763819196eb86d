#include <hwloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <host/detect/budget.hpp>
#include <host/detect/topology.hpp>

namespace flynn::detect {
namespace {

struct Destroy {
  void operator()(hwloc_topology_t t) const { hwloc_topology_destroy(t); }
  void operator()(hwloc_bitmap_t b) const { hwloc_bitmap_free(b); }
};
using Loaded = std::unique_ptr<hwloc_topology, Destroy>;
using Bitmap = std::unique_ptr<hwloc_bitmap_s, Destroy>;

/// Plugins of hwloc that ask GPU drivers. Those are asked in a child process only (host/probe.hpp).
constexpr std::array driver_plugins = {"cuda", "nvml", "opencl", "rsmi", "levelzero", "gl"};

/// hwloc writes a complaint to standard error where there is no /sys.
bool would_complain(const TopologySource& source) {
  if (!source.synthetic.empty() || !source.xml.empty() || std::getenv("HWLOC_SYNTHETIC") ||
      std::getenv("HWLOC_XMLFILE"))
    return false;
  const char* root = std::getenv("HWLOC_FSROOT");
  return access((std::string(root ? root : "") + "/sys/devices/system/cpu/online").c_str(), R_OK) != 0;
}

Loaded load(const TopologySource& source) {
  if (would_complain(source)) return {};
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return {};
  Loaded loaded(raw);
  for (const char* plugin : driver_plugins)
    hwloc_topology_set_components(raw, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, plugin);  // fails where it is not
  hwloc_topology_set_io_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
  if (!source.synthetic.empty() && hwloc_topology_set_synthetic(raw, source.synthetic.c_str()) != 0) return {};
  if (!source.xml.empty() && hwloc_topology_set_xmlbuffer(raw, source.xml.c_str(), int(source.xml.size()) + 1) != 0)
    return {};
  if (hwloc_topology_load(raw) != 0) return {};
  return loaded;
}

/// Takes away the CPUs that do not count. hwloc itself sees to control groups, but not to the affinity mask.
bool keep_allowed(hwloc_topology_t t, const TopologySource& source) {
  if (source.cpus.empty() && !hwloc_topology_is_thissystem(t)) return true;
  const Bitmap keep(hwloc_bitmap_alloc());
  if (!keep) return false;
  for (int cpu : source.cpus.empty() ? allowed_cpus() : source.cpus) hwloc_bitmap_set(keep.get(), unsigned(cpu));
  return hwloc_topology_restrict(t, keep.get(), 0) == 0;
}

std::vector<int> numbers(hwloc_const_bitmap_t set) {
  std::vector<int> all;
  if (set && hwloc_bitmap_weight(set) >= 0)
    for (int i = hwloc_bitmap_first(set); i >= 0; i = hwloc_bitmap_next(set, i)) all.push_back(i);
  return all;
}

/// Calls f(object) for all objects of a type.
template <class F>
void each(hwloc_topology_t t, hwloc_obj_type_t type, F f) {
  for (hwloc_obj_t o = nullptr; (o = hwloc_get_next_obj_by_type(t, type, o));) f(*o);
}

void read_nodes(hwloc_topology_t t, std::vector<Topology::Node>& nodes) {
  each(t, HWLOC_OBJ_NUMANODE, [&](const hwloc_obj& o) {
    nodes.push_back({int(o.os_index), o.attr->numanode.local_memory, numbers(o.cpuset), {}});
  });
  std::ranges::sort(nodes, {}, &Topology::Node::id);
}

/// From the first matrix that means latency, which is the firmware's.
void read_distances(hwloc_topology_t t, std::vector<Topology::Node>& nodes) {
  hwloc_distances_s* matrix = nullptr;
  unsigned count = 1;
  const int error =
      hwloc_distances_get_by_type(t, HWLOC_OBJ_NUMANODE, &count, &matrix, HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0);
  if (error != 0 || count == 0) return;
  auto index = [&](hwloc_obj_t o) {
    return std::size_t(std::ranges::find(nodes, int(o->os_index), &Topology::Node::id) - nodes.begin());
  };
  if (matrix->nbobjs == nodes.size())
    for (unsigned i = 0; i < matrix->nbobjs; ++i) {
      std::vector<unsigned>& row = nodes[index(matrix->objs[i])].distance;
      row.resize(nodes.size());
      for (unsigned j = 0; j < matrix->nbobjs; ++j)
        row[index(matrix->objs[j])] = unsigned(matrix->values[i * matrix->nbobjs + j]);
    }
  hwloc_distances_release(t, matrix);
}

void read_caches(hwloc_topology_t t, Topology& topology) {
  for (auto type : {HWLOC_OBJ_L5CACHE, HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L1CACHE})
    each(t, type, [&](const hwloc_obj& o) {
      const auto& cache = o.attr->cache;
      topology.caches.push_back({int(cache.depth), cache.size, cache.linesize, numbers(o.cpuset)});
    });
}

std::string kind_of(const hwloc_obj& o) {
  switch (o.attr->osdev.type) {
    case HWLOC_OBJ_OSDEV_GPU:
      return "GPU";
    case HWLOC_OBJ_OSDEV_COPROC:
      return "accelerator";
    case HWLOC_OBJ_OSDEV_NETWORK:
    case HWLOC_OBJ_OSDEV_OPENFABRICS:
      return "network";
    default:
      return {};
  }
}

/// By the class of a PCI device: a GPU without a driver of the kernel has no other sign.
std::string kind_of_pci(unsigned class_id) {
  switch (class_id >> 8) {
    case 0x03:
      return "GPU";
    case 0x12:
      return "accelerator";
    case 0x02:
      return "network";
    default:
      return {};
  }
}

std::string text_of(const char* text) { return text ? text : ""; }

Topology::Device read_pci(const hwloc_obj& o) {
  const auto& pci = o.attr->pcidev;
  char address[32];
  std::snprintf(address, sizeof address, "%04x:%02x:%02x.%x", unsigned(pci.domain), unsigned(pci.bus),
                unsigned(pci.dev), unsigned(pci.func));
  return {.kind = kind_of_pci(pci.class_id), .name = text_of(o.name), .pci_address = address};
}

/// A PCI device and what the operating system made of it, or a device that is on no PCI bus.
void read_devices(hwloc_topology_t t, Topology& topology) {
  std::vector<hwloc_obj_t> owners;  // of topology.devices
  auto place_of = [&](hwloc_obj_t o) {
    std::vector<int> near = numbers(hwloc_get_non_io_ancestor_obj(t, o)->nodeset);
    return near.size() < topology.nodes.size() ? near : std::vector<int>{};
  };
  auto add = [&](hwloc_obj_t owner, Topology::Device device) {
    if (device.kind.empty()) return;
    device.nodes = place_of(owner);
    topology.devices.push_back(std::move(device));
    owners.push_back(owner);
  };
  for (hwloc_obj_t o = nullptr; (o = hwloc_get_next_pcidev(t, o));) add(o, read_pci(*o));
  for (hwloc_obj_t o = nullptr; (o = hwloc_get_next_osdev(t, o));) {
    if (kind_of(*o).empty()) continue;
    const auto owner = std::ranges::find(owners, o->parent);
    if (owner == owners.end())
      add(o, {.kind = kind_of(*o), .system_names = {text_of(o->name)}});
    else
      topology.devices[std::size_t(owner - owners.begin())].system_names.push_back(text_of(o->name));
  }
}

}  // namespace

bool read_hwloc(const TopologySource& source, Topology& topology) {
  const Loaded loaded = load(source);
  if (!loaded || !keep_allowed(loaded.get(), source)) return false;
  hwloc_topology_t t = loaded.get();
  topology = {.source = "hwloc"};
  each(t, HWLOC_OBJ_PACKAGE, [&](const hwloc_obj& o) {
    // Memory keeps a package here whose CPUs are not ours.
    if (std::vector<int> cpus = numbers(o.cpuset); !cpus.empty()) topology.packages.push_back({std::move(cpus)});
  });
  each(t, HWLOC_OBJ_CORE, [&](const hwloc_obj& o) { topology.cores.push_back({numbers(o.cpuset)}); });
  read_nodes(t, topology.nodes);
  read_distances(t, topology.nodes);
  read_caches(t, topology);
  read_devices(t, topology);
  return !topology.nodes.empty();
}

}  // namespace flynn::detect

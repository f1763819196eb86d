#pragma once
#include <cstdio>
#include <cstring>
#include <string_view>

#include <flynn/device.hpp>
#include <kernels/opencl/check.hpp>

namespace flynn::opencl {

/// Not in the headers of every distribution.
inline constexpr cl_device_info device_uuid_khr = 0x106A, pci_bus_info_khr = 0x410F;
inline constexpr cl_device_info pci_bus_id_nv = 0x4008, pci_slot_id_nv = 0x4009, pci_domain_id_nv = 0x400A;
struct PciBusInfo {
  cl_uint domain, bus, device, function;
};

/// Fills in what tells a device from others and is the same through another API. `ask(what, bytes, value)` is
/// clGetDeviceInfo, and false when that fails: drivers may fail here and still compute, so it stays unknown then.
template <class Ask>
void identify(std::string_view extensions, Ask ask, flynn::Device& facts) {
  auto has = [&](std::string_view extension) { return extensions.find(extension) != extensions.npos; };
  auto get = [&](cl_device_info what, auto& value) { return ask(what, sizeof value, static_cast<void*>(&value)); };
  if (has("cl_khr_device_uuid") && !get(device_uuid_khr, facts.uuid)) std::memset(facts.uuid, 0, sizeof facts.uuid);
  PciBusInfo pci = {};
  bool has_address = has("cl_khr_pci_bus_info") && get(pci_bus_info_khr, pci);
  if (!has_address && has("cl_nv_device_attribute_query")) {
    cl_uint slot = 0;
    has_address = get(pci_bus_id_nv, pci.bus) && get(pci_slot_id_nv, slot);
    if (!get(pci_domain_id_nv, pci.domain)) pci.domain = 0;  // drivers before CUDA 10.2 do not know it
    pci.device = slot >> 3;                                  // not documented; what hwloc reads it as
    pci.function = slot & 7;
  }
  if (has_address)
    std::snprintf(facts.pci_address, sizeof facts.pci_address, "%04x:%02x:%02x.%x", pci.domain, pci.bus, pci.device,
                  pci.function);
}

}  // namespace flynn::opencl

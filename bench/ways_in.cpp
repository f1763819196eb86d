#include <bench/ways_in.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <bench/format.hpp>

namespace flynn::bench {
namespace {

bool has_uuid(const Device& d) {
  return std::ranges::any_of(d.uuid, [](std::uint8_t byte) { return byte != 0; });
}

bool has_same_uuid(const Device& a, const Device& b) { return std::ranges::equal(a.uuid, b.uuid); }

bool is_same(const Device& a, const Device& b) {
  if (has_uuid(a) && has_uuid(b)) return has_same_uuid(a, b);
  return a.pci_address[0] && std::string_view(a.pci_address) == b.pci_address;
}

/// Whether a device belongs to those that were found to be one. Parts of a GPU share its PCI address, so a way in
/// without a UUID must not bring two of them together.
bool belongs_to(const std::vector<WayIn>& ways, const Device& device) {
  auto same = [&](const WayIn& way) { return is_same(way.device(), device); };
  auto other = [&](const WayIn& way) {
    return has_uuid(way.device()) && has_uuid(device) && !has_same_uuid(way.device(), device);
  };
  return std::ranges::any_of(ways, same) && std::ranges::none_of(ways, other);
}

}  // namespace

std::vector<std::vector<WayIn>> ways_in(const std::deque<BackendInfo>& backends) {
  std::vector<std::vector<WayIn>> devices;
  for (const BackendInfo& backend : backends)
    for (std::size_t i = 0; i < backend.devices.size(); ++i) {
      const auto known =
          std::ranges::find_if(devices, [&](const auto& ways) { return belongs_to(ways, backend.devices[i]); });
      if (known != devices.end())
        known->push_back({&backend, i});
      else
        devices.push_back({{&backend, i}});
    }
  return devices;
}

std::string uuid_text(const Device& device) {
  if (!has_uuid(device)) return "";
  std::string text;
  for (std::size_t i = 0; i < std::size(device.uuid); ++i)
    text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", device.uuid[i]);
  return text;
}

std::string capability_text(const Device& device) {
  if (device.capability_major == 0) return "";
  return fmt::format("{}.{}", device.capability_major, device.capability_minor);
}

std::vector<std::string> device_lines(const std::deque<BackendInfo>& backends) {
  std::vector<std::string> lines;
  for (const std::vector<WayIn>& ways : ways_in(backends)) {
    std::string names, address, uuid;
    for (const WayIn& way : ways) {
      names += fmt::format("{}{} --device {}", names.empty() ? "" : ", or ", way.backend->name, way.index);
      if (address.empty()) address = way.device().pci_address;
      if (uuid.empty()) uuid = uuid_text(way.device());
    }
    const Device& d = ways.front().device();
    lines.push_back(fmt::format("  {}: {}{}, {} units, {}{}", names, d.name, d.is_cpu ? " (a CPU)" : "",
                                d.compute_units, bytes_text(double(d.memory_bytes)), d.has_f64 ? "" : ", no f64"));
    for (const WayIn& way : ways) lines.push_back(fmt::format("    {}", way.device().driver));
    if (!address.empty()) lines.push_back(fmt::format("    PCI {}", address));
    if (!uuid.empty()) lines.push_back(fmt::format("    UUID {}", uuid));
  }
  return lines;
}

}  // namespace flynn::bench

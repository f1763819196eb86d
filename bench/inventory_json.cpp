#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <bench/exit_code.hpp>
#include <bench/inventory_json.hpp>

namespace flynn::bench {
namespace {

using Json = nlohmann::json;

void copy_text(auto& to, const std::string& from) {
  std::memset(to, 0, sizeof to);
  std::memcpy(to, from.data(), std::min(from.size(), sizeof to - 1));
}

/// "1f0a...-..." as uuid_text() writes it.
void take_uuid(Device& device, std::string text) {
  std::erase(text, '-');
  for (std::size_t i = 0; i < std::size(device.uuid) && 2 * i + 1 < text.size(); ++i)
    device.uuid[i] = std::uint8_t(std::stoul(text.substr(2 * i, 2), nullptr, 16));
}

Device device_of(const Json& json) {
  Device device;
  copy_text(device.name, json.at("name"));
  copy_text(device.driver, json.at("driver"));
  copy_text(device.pci_address, json.at("pci_address"));
  device.is_cpu = json.at("is_cpu");
  device.has_f64 = json.at("has_f64");
  device.compute_units = json.at("compute_units");
  device.memory_bytes = json.at("memory_bytes");
  take_uuid(device, json.at("uuid"));
  return device;
}

Inventory::Backend backend_of(const Json& json) {
  Inventory::Backend backend = {
      .name = json.at("name"), .available = json.at("available"), .reason = json.at("reason"), .hint = json.at("hint")};
  for (const Json& device : json.at("devices")) backend.devices.push_back(device_of(device));
  for (const Json& name : json.at("missing")) backend.missing.push_back(name);
  return backend;
}

}  // namespace

Inventory inventory_of(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("schema") != "compute-bench-info/1") throw Failure(exit_bad_input, "it is no output of info --json");
    Inventory inventory{.threads = json.at("host").at("budget")};
    for (const Json& backend : json.at("backends")) inventory.backends.push_back(backend_of(backend));
    const Json& measured = json.at("calibration").at("contents");
    if (measured.is_null()) return inventory;
    Result<Calibration> calibration = read_calibration(measured.dump());
    if (!calibration) throw std::move(calibration.error());
    inventory.calibration = std::move(*calibration);
    return inventory;
  } catch (const std::exception& error) {
    throw Failure(exit_bad_input, fmt::format("this is no inventory: {}", error.what()));
  }
}

Inventory read_inventory(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw Failure(exit_bad_input, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  try {
    return inventory_of(text);
  } catch (const Failure& failure) {
    throw Failure(failure.code, fmt::format("{}: {}", path, failure.what()));
  }
}

}  // namespace flynn::bench

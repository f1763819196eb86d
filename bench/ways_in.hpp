#pragma once
#include <deque>
#include <string>
#include <vector>

#include <flynn/report.hpp>

namespace flynn::bench {

/// A way in to a device: a backend, and the device's index there.
struct WayIn {
  const BackendInfo* backend;
  std::size_t index;
  const Device& device() const { return backend->devices[index]; }
};

/// The devices behind the backends, each once with all its ways in, in the order in which they come. Two are one when
/// their UUIDs are the same, or, where one of them has none, their PCI addresses.
std::vector<std::vector<WayIn>> ways_in(const std::deque<BackendInfo>& backends);

/// "1f0a...-...", as vendors write it; empty when not known.
std::string uuid_text(const Device& device);

/// "9.0"; empty when it is not CUDA's.
std::string capability_text(const Device& device);

/// What list and info say about the devices, a line each.
std::vector<std::string> device_lines(const std::deque<BackendInfo>& backends);

}  // namespace flynn::bench

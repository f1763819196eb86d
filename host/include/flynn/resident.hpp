#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>

#include <flynn/execution.hpp>

namespace flynn {

/// A copy of an Array's data in the memory of a device, and what the module that made it does with it.
struct Replica {
  const void* device = nullptr;  ///< which one, as the module knows it; null: there is no copy
  std::uintptr_t memory = 0;     ///< the module's handle
  Status (*download)(const Replica&, void* to, std::size_t bytes, Execution&) = nullptr;
  void (*release)(const Replica&) = nullptr;
};

/// Where the values of an Array are: in host memory, in the memory of the device that used it last, or in both. Host
/// and modules share it.
struct Resident {
  void* host = nullptr;
  std::size_t bytes = 0;
  std::mutex mutex = {};  ///< guards what follows
  bool is_on_host = true, is_on_device = false;  ///< the second is written as an atomic: auto only glances at it
  /// While a call writes it on a device: the host's memory has the values from before. Set to false before the call.
  bool is_kept = false;
  Replica replica = {};
  std::uint64_t bytes_moved = 0;
};

/// Brings the values to the host. The mutex is held.
inline Status bring_home(Resident& resident, Execution& execution) {
  if (resident.is_on_host) return {};
  if (const Status s = resident.replica.download(resident.replica, resident.host, resident.bytes, execution); !s.ok())
    return s;
  resident.bytes_moved += resident.bytes;
  resident.is_on_host = true;
  return {};
}

}  // namespace flynn

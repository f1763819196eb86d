#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace flynn {

/// Where a backend stands in Flynn's taxonomy.
enum class FlynnClass : std::uint8_t { sisd, simd, mimd_threads, mimd_processes, simt, misd };

constexpr std::string_view name_of(FlynnClass c) {
  constexpr std::string_view names[] = {"SISD", "SIMD", "MIMD threads", "MIMD processes", "SIMT", "MISD"};
  return names[static_cast<std::size_t>(c)];
}

/// A device that a backend drives.
struct Device {
  char name[128] = {};
  char driver[128] = {};
  bool is_cpu = false;
  bool has_f64 = false;
  std::uint32_t compute_units = 0;
  std::uint64_t memory_bytes = 0;
  // Who it is, whichever API it is reached through.
  std::uint8_t uuid[16] = {};  ///< all zero: not known
  char pci_address[24] = {};   ///< "0000:65:00.0", in small letters; empty: not known, or not on PCI
  std::uint32_t capability_major = 0, capability_minor = 0;  ///< CUDA's compute capability; 0.0 elsewhere
};

}  // namespace flynn

#pragma once
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace flynn {

/// FNV-1a of 64 bits: against accidents, not against malice. It notices every single byte that changed.
inline std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

inline std::string hexadecimal(std::uint64_t value) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016jx", std::uintmax_t{value});
  return digits;
}

}  // namespace flynn

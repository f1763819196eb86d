#pragma once
#include <cstdint>
#include <string>

namespace flynn::detect {

/// Bytes that this process can still have: what the machine has available and what the memory control groups (version 1
/// and 2, nested) leave, whichever is less. What cannot be read or parsed sets no limit. `root` as in quota.hpp.
std::uint64_t available_memory(const std::string& root = "/");

}  // namespace flynn::detect

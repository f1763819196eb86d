#pragma once
#include <filesystem>

#include <flynn/status.hpp>

namespace flynn {

inline constexpr unsigned probe_seconds = 5;
inline constexpr int probe_answer_fd = 3;

/// Opens a module and probes its devices in a child, which gets `probe_seconds`: a driver that crashes, exits or hangs
/// there leaves this process alone, and its module `unavailable`.
Status probe_in_child(const std::filesystem::path& module, Text& text);

}  // namespace flynn

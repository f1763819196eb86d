#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <flynn/status.hpp>
#include <host/pools/child.hpp>

namespace flynn {

inline constexpr unsigned probe_seconds = 5;
inline constexpr int probe_answer_fd = child_fd;

/// "NAME=value": what a child has instead of, or besides, this process's own variables.
using Environment = std::vector<std::string>;

/// The library of a driver that the child looks into when its devices are not there: whoever opens drivers passes over
/// one that cannot be loaded without a word.
inline constexpr const char* probe_library_variable = "FLYNN_PROBE_LIBRARY";

/// What came of opening a module and probing its devices in a child.
struct Finding {
  enum class Verdict : std::uint8_t {
    good,
    refused,  ///< there is nothing to run on, and it said so itself: harmless
    sick,     ///< it crashed, exited or hung: nothing that may happen in a user's process
  } verdict = Verdict::good;
  /// A sentence for `refused`, a predicate for `sick` ("crashed when it was probed"); and what cures it.
  std::string reason = {}, cure = {};
};

/// Opens a module and probes its devices, in one child for each environment. All run at once, and all get
/// `probe_seconds`: a driver that crashes, exits or hangs there leaves this process alone.
std::vector<Finding> probe_in_children(const std::filesystem::path& module, std::span<const Environment> environments);

/// The same for a module as it is: `unavailable` unless the child found it good.
Status probe_in_child(const std::filesystem::path& module, Text& text);

}  // namespace flynn

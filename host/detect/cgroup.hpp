#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flynn::detect {

/// A control group that limits this process, as the folder of its files.
struct ControlGroup {
  std::string folder;
  bool v2;
};

/// The groups of this process for one controller ("cpu", "memory"), each from its own up to the root, in version 1 and
/// version 2. `root` is where /proc and /sys are looked up, so that a directory of files can stand for another machine.
std::vector<ControlGroup> own_groups(const std::string& root, std::string_view controller);

/// A positive whole number and nothing else, or nothing: "max" and "-1" mean no limit in these files.
std::optional<double> positive(const std::string& word);

/// Empty when there is no such file.
std::string first_line(const std::string& path);

}  // namespace flynn::detect

#include <cstdio>

#include <flynn/report.hpp>
#include <host/choose/words.hpp>

namespace flynn {

std::string Report::text() const {
  auto view = [](std::string_view s) { return std::string(s); };
  if (used.empty()) return view(workload) + " " + view(type) + ": not run";
  char line[512];
  std::snprintf(line, sizeof line, "%s %s: requested %s, used %s%s%s (%s), %s, %u thread%s, %.3g s",
                view(workload).c_str(), view(type).c_str(), view(requested).c_str(), view(used).c_str(),
                architecture.empty() ? "" : " on ", view(architecture).c_str(), view(name_of(kind)).c_str(),
                words_of(reason), threads, threads == 1 ? "" : "s", seconds);
  std::string text = line;
  for (const Error& error : recovered_from)
    text += ", recovered from " + error.backend() + " (" + view(name_of(error.code())) + ": " + error.text() + ")";
  for (std::string_view other : verified_by)
    if (!other.empty()) text += ", verified by " + view(other);
  if (clocks.parts > 1) {
    std::snprintf(line, sizeof line, ", in %zu parts for want of memory on the device", clocks.parts);
    text += line;
  }
  if (clocks.bytes_moved > 0) {
    std::snprintf(line, sizeof line, ", %llu bytes moved in %.3g s",
                  static_cast<unsigned long long>(clocks.bytes_moved), clocks.transfer_seconds);
    text += line;
  }
  if (clocks.device_seconds > 0) {
    std::snprintf(line, sizeof line, ", %.3g s on the device", clocks.device_seconds);
    text += line;
  }
  if (outputs == Outputs::unspecified) text += ", failed: the outputs hold unspecified values";
  return text;
}

}  // namespace flynn

#pragma once
// The drivers of OpenCL. Its loader opens every driver that it finds, in the process that asks, and one that crashes
// there takes all with it. So each is probed in a child of its own, and a sick one is hidden from the loader.

#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <flynn/status.hpp>
#include <host/probe.hpp>

namespace flynn {

/// A driver as the loader finds it.
struct Icd {
  std::string name;    ///< the .icd file; the library itself for one of OCL_ICD_FILENAMES
  std::string driver;  ///< that the file names
  bool is_file;
};

/// Those that the loader would open: what OCL_ICD_VENDORS says (a folder, or one driver), else OPENCL_VENDOR_PATH, else
/// /etc/OpenCL/vendors; and OCL_ICD_FILENAMES, libraries that the loader of Khronos opens too.
std::vector<Icd> installed_icds();

/// What the findings mean. `alone` is of each driver, `together` of all of them in one process.
struct IcdVerdict {
  std::vector<Icd> good = {};
  std::vector<std::string> left_out = {};  ///< "x.icd: crashed when it was probed"
  bool hides_some = false;                 ///< the loader may only see the good ones
  std::string reason = {}, cure = {};      ///< why none can be used; empty when some can
};
IcdVerdict judge_icds(const std::vector<Icd>& icds, std::span<const Finding> alone, const Finding& together);

/// What the loader shall see, in this process for as long as this lives, or in a child: variables, and private folders
/// of links behind them. A folder, because that is what every loader takes.
class IcdView {
 public:
  IcdView() = default;
  ~IcdView();
  IcdView(const IcdView&) = delete;

  /// Makes the variables with which a loader sees these drivers and no others; false when there is no place for a
  /// folder.
  bool add(std::span<const Icd> icds, Environment& environment);
  /// Changes this process's variables, until the end of this object. Does not suit a thread that reads them meanwhile,
  /// and so is only done when a driver is sick.
  void apply(const Environment& environment);
  bool is_applied() const { return !before_.empty(); }

 private:
  std::filesystem::path folder_;  ///< of this process alone
  unsigned views_ = 0;
  std::vector<std::pair<std::string, std::string>> before_;  ///< "" stands for unset, as loaders have it
};

/// Probes every driver through the OpenCL module. Where some are sick, `view` hides them: it must live until the loader
/// has read its variables. `left_out` names those that cannot be used.
Status probe_icds(const std::filesystem::path& module, IcdView& view, std::vector<std::string>& left_out, Text& text);

}  // namespace flynn

#pragma once
#include <optional>
#include <string>
#include <vector>

#include <flynn/calibration.hpp>
#include <flynn/device.hpp>

namespace flynn {

/// What decisions depend on, of this machine or of one that is not here. `compute_bench info --json` writes it, a
/// Context that is made with one decides as that machine would, and runs nothing.
struct Inventory {
  struct Backend {
    std::string name = {};
    bool available = false;
    std::string reason = {}, hint = {};     ///< why it is not, and what would cure it
    std::vector<Device> devices = {};       ///< of a device backend
    std::vector<std::string> missing = {};  ///< "gemm/f64": what it does not have
  };
  unsigned threads = 1;
  std::vector<Backend> backends = {};           ///< one that is not named is not available
  std::optional<Calibration> calibration = {};  ///< empty: none
};

}  // namespace flynn

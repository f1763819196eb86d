#pragma once
// What auto knows about this machine once it was asked to measure it.

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <flynn/report.hpp>
#include <flynn/status.hpp>

namespace flynn {

class Context;

/// How long calls take here: plain data, a file, and part of an Inventory.
struct Calibration {
  /// A call that does `work` (what its workload counts: bytes, operations or numbers) takes
  /// overhead + transfer + work / rate seconds.
  struct Point {
    double work = 0;
    double overhead = 0;       ///< of the smallest call
    double transfer = 0;       ///< of what is not on the device yet
    double rate = 0;           ///< work in a second beside those two
    std::size_t outliers = 0;  ///< samples that were left out
    double seconds() const { return overhead + transfer + work / rate; }
  };
  /// A workload for one type on one backend, at rising work: about one point for each power of two.
  struct Curve {
    std::string workload, type, backend;
    std::vector<Point> points;
  };
  /// Who ran a backend's kernels.
  struct Identity {
    std::string backend, devices;  ///< names, drivers and UUIDs; empty for the host
  };

  std::string build, cpu, architecture;
  unsigned threads = 0;
  std::vector<Identity> identities;
  std::vector<Curve> curves;
};

struct CalibrationSettings {
  bool quick = false;          ///< within 60 s, devices included; else about five times as long
  Context* context = nullptr;  ///< whose threads; null: the standard one
  std::stop_token stop = {};   ///< nothing is stored then
  /// Told now and then how much of it is done, of 1, and what comes next.
  std::function<void(double done, std::string_view what)> progress = {};
};

/// Measures every workload and type on every backend that is here, at one size for each power of two of its work:
/// medians, the first sample dropped, outliers left out and counted. Stores them for this machine, these threads and
/// this build in $XDG_CACHE_HOME/flynn (else ~/.cache/flynn), where the contexts that are made from then on find them.
/// Takes up to half of the free memory, at most 1 GiB. Throws Error, also when the file cannot be written.
FLYNN_API Calibration calibrate(const CalibrationSettings& settings = {});

/// A calibration as JSON, see docs/environment.md, and back.
FLYNN_API std::string calibration_text(const Calibration& calibration);
FLYNN_API Result<Calibration> read_calibration(std::string_view text);

/// The file that a context looks at, and what became of it.
struct CalibrationFile {
  std::string path;  ///< empty: neither XDG_CACHE_HOME nor HOME says where
  CalibrationState state = CalibrationState::absent;
  std::string reason = {};                   ///< why it is not valid, for people
  std::optional<Calibration> contents = {};  ///< of a valid one
};

}  // namespace flynn

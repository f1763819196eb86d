#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <flynn/device.hpp>
#include <flynn/execution.hpp>
#include <flynn/status.hpp>

namespace flynn {

/// Why a call ran where it ran.
enum class Reason : std::uint8_t {
  requested,    ///< the caller named the backend
  environment,  ///< FLYNN_BACKEND named it
  small,        ///< auto: over before a second thread would have joined in
  large,        ///< auto: worth all threads
  calibrated,   ///< auto: the fastest by what calibrate() measured here
};

/// What became of the file that calibrate() wrote. Only a valid one counts.
enum class CalibrationState : std::uint8_t {
  absent,    ///< there is none
  valid,     ///< it is of this machine, these threads and this build
  unsafe,    ///< somebody else may have written it: owner, mode, a link
  damaged,   ///< truncated, changed, or with figures that make no sense
  foreign,   ///< of another machine, instruction set or number of threads
  outdated,  ///< of another build of flynn
};

constexpr std::string_view name_of(CalibrationState state) {
  constexpr std::string_view names[] = {"absent", "valid", "unsafe", "damaged", "foreign", "outdated"};
  return names[static_cast<std::size_t>(state)];
}

/// What auto thought of a backend.
enum class Standing : std::uint8_t {
  chosen,
  slower,       ///< by the seconds that stand beside it
  unmeasured,   ///< a device, or processes, without a measurement
  changed,      ///< its measurement is of another device or driver
  failed,       ///< it did in this process; out of memory: with a call no larger than this one
  unavailable,  ///< it is not here
  unsupported,  ///< it has no kernel for this workload and type
  not_asked,    ///< the call named another one
};

/// Where predicted seconds came from.
enum class Origin : std::uint8_t { none, prior, calibrated };

/// Why a call runs where it runs: every backend, and what was thought of it. Plain data; the words are made on demand.
struct FLYNN_API Explanation {
  struct Candidate {
    std::string_view backend = {};
    Standing standing = Standing::not_asked;
    Origin origin = Origin::none;
    double seconds = 0;         ///< predicted; 0: there is no prediction
    std::string_view why = {};  ///< of `failed`: what went wrong
  };

  std::string_view workload, type;
  std::string_view requested = "auto", chosen = {};
  Reason reason = Reason::requested;
  CalibrationState calibration = CalibrationState::absent;
  std::array<Candidate, 8> candidates = {};
  std::size_t count = 0;  ///< of the candidates

  /// A line for the choice and one for each backend.
  std::string text() const;
};

/// What the memory of the call holds afterwards.
enum class Outputs : std::uint8_t {
  written,      ///< the results
  unchanged,    ///< nothing was written: the call was refused, or failed while it worked on copies
  unspecified,  ///< the call stopped half-way: both Out and InOut views may hold anything
};

/// What a call did. Plain data; the words are made on demand.
struct FLYNN_API Report {
  std::string_view workload, type;
  std::string_view requested = "auto";               ///< the backend that was asked for
  std::string_view used = {};                        ///< the backend that ran; empty when none did
  std::array<std::string_view, 3> verified_by = {};  ///< with "verify": who did the same work
  std::string_view architecture = {};  ///< the instruction set of the host kernels, for example "avx512bw"; else empty
  FlynnClass kind = FlynnClass::sisd;
  Reason reason = Reason::requested;
  Outputs outputs = Outputs::unchanged;
  unsigned threads = 1;  ///< how many took part
  double seconds = 0;    ///< from the call to its return
  Clocks clocks = {};    ///< the share of devices and copies in it
  /// What auto tried first, and what went wrong there; `used` began anew from the same input. Empty in nearly all calls.
  std::vector<Error> recovered_from = {};
  Explanation explanation = {};

  /// One line for people.
  std::string text() const;
};

/// A backend as `backends()` tells of it.
struct BackendInfo {
  std::string_view name;
  FlynnClass kind;
  bool available = false;
  std::string reason = {}, hint = {};          ///< why it is not available, and what would cure it
  std::string_view architecture = {};          ///< as in Report
  std::vector<Device> devices = {};            ///< of a device backend
  std::vector<std::string_view> missing = {};  ///< "gemm/f64": what it does not have
  /// Drivers that an available backend goes without: "/etc/OpenCL/vendors/x.icd: crashed when it was probed (signal
  /// 11)"
  std::vector<std::string> left_out = {};
};

}  // namespace flynn

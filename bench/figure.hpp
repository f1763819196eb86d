#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bench/ceilings.hpp>
#include <bench/peer_process.hpp>
#include <bench/statistics.hpp>
#include <bench/trial.hpp>

namespace flynn::bench {

/// What is to be measured: a workload, a type and a size on each of some backends and by each of some peers.
struct Group {
  const Subject* subject;
  std::size_t n;
  std::vector<const BackendInfo*> backends;
  std::vector<const PeerInfo*> peers = {};  ///< that have it
};

/// A row of the report: one workload, type and size on one backend, or by a peer. Times are seconds of one call through
/// the public API, with all transfers that it makes.
struct Figure {
  SpecInfo spec;
  std::string_view params = {};
  std::size_t n = 0;
  Cost cost = {};
  std::string_view requested;  ///< the backend that was asked for, or the peer
  bool is_peer = false;
  Report report = {};  ///< of the first call

  double cold_seconds = 0;           ///< the first call: with opening, compiling and waking whatever the backend needs
  double warmup_seconds = 0;         ///< how long it took until two batches agreed
  bool is_steady = false;            ///< whether they did
  std::size_t batch = 1;             ///< calls in a sample
  std::vector<double> samples = {};  ///< seconds of a call, in the order of time
  std::vector<double> device_seconds = {};  ///< of the last call of each sample, by the clock of the device; else empty
  Summary summary = {};
  std::size_t disturbed = 0;      ///< samples that were taken again because threads had waited for a CPU
  std::string_view stopped = {};  ///< what ended the sampling: "noise", "time" or "samples"

  std::optional<double> speedup = {};      ///< scalar's median over this one, from the same rounds
  const Ceiling* ceiling = nullptr;        ///< null: none is known
  std::optional<Verdict> validation = {};  ///< empty: unchecked
  std::vector<std::string> warnings = {};  ///< codes
  std::optional<Error> error = {};         ///< then there are no samples

  bool is_hole() const { return error && error->code() == Code::unsupported; }
  bool is_wrong() const { return validation && !validation->pass; }
  /// What Cost counts for this workload.
  double amount() const { return work_of(spec.rate, cost); }
  double rate() const { return summary.median > 0 ? amount() / summary.median : 0; }
  std::string_view rate_unit() const {
    return spec.rate == Rate::bytes ? "B/s" : spec.rate == Rate::flops ? "FLOP/s" : "items/s";
  }
  std::optional<double> ceiling_fraction() const {
    if (!ceiling || ceiling->value <= 0 || samples.empty()) return {};
    return ceiling->least_seconds(cost) / summary.median;
  }
};

}  // namespace flynn::bench

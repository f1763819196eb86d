#pragma once
#include <deque>
#include <string>
#include <vector>

#include <bench/measure.hpp>
#include <bench/options.hpp>

namespace flynn::bench {

/// The backends that were asked for.
struct Backends {
  std::deque<BackendInfo> all;  ///< in the order of the registry, or as they were named
  bool has_missing = false;     ///< one that was named is not available
  std::vector<PeerInfo> peers = {};
  std::vector<const BackendInfo*> usable() const;
};

/// Throws Failure when the environment asks for an instruction set that is not known or not here. Opens no driver.
void check_environment(Context& context);

/// Probes the backends that the settings name, no others; without names or with "all" every one. Throws Failure for an
/// unknown name or environment value, and when peers are asked for and not here.
Backends find_backends(Context& context, const Settings& settings);

/// The rows of a run, in the order of the library's list of workloads; with peers those that any of them has.
std::vector<Group> select(const Settings& settings, const Backends& backends);

/// "gemm/f32/1024", or with the kind of input "gemm:16-rows/f32/4096".
std::string row_name(const Subject& subject, std::size_t n);

/// Whether the filter lets a row through.
bool passes(const std::string& filter, const Subject& subject, std::size_t n, std::string_view backend);

/// The subject of a workload and type; there must be one.
const Subject& subject_of(std::string_view workload, std::string_view type);

}  // namespace flynn::bench

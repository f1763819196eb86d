#pragma once
#include <nlohmann/json_fwd.hpp>

#include <bench/run_result.hpp>
#include <flynn/topology.hpp>

namespace flynn::bench {

using Json = nlohmann::ordered_json;

Json host_json(const HostInfo& host);
Json backend_json(const BackendInfo& info);
Json topology_json(const Topology& topology);
Json warnings_json(const std::vector<Warning>& all);
/// Indented, with a line end. Bytes that are no UTF-8 are replaced.
std::string dump(const Json& json);

/// What `compute_bench ceilings --json` prints.
std::string ceilings_text(const HostInfo& host, const Ceilings& ceilings);

}  // namespace flynn::bench

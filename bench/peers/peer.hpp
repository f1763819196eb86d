#pragma once
// What the module of a peer, another library that does the same work, gives to compute_bench: one object, `flynn_peer`.
// compute_bench opens each module in a process of its own.

#include <span>
#include <string_view>

#include <flynn/build_id.hpp>
#include <flynn/workloads.hpp>

namespace flynn::bench {

/// How a peer does the work of a spec, which is given as void* and whose views are filled.
struct PeerKernel {
  std::string_view workload, type;
  void (*run)(void* spec);
  /// Both are not timed: `before` brings the inputs into a form of the peer's own, `after` its results into the views.
  void (*before)(const void* spec) = nullptr;
  void (*after)(void* spec) = nullptr;
  bool has_threads = true;  ///< false: it runs on one thread whatever it is told
};

struct Peer {
  static constexpr unsigned current = 1;
  unsigned version;      ///< `current` when it was compiled
  const char* build_id;  ///< FLYNN_BUILD_ID then: both must agree about the specs
  std::string_view name;
  const char* (*release)();       ///< its version, and which kernels it takes
  void (*use_threads)(unsigned);  ///< from the next run on
  std::span<const PeerKernel> kernels;
};

/// The kernel for spec W that calls `run(w)`.
template <Spec W, auto run>
constexpr PeerKernel peer_kernel(bool has_threads = true) {
  constexpr SpecInfo info = spec_info<W>();
  return {.workload = info.workload,
          .type = info.type,
          .run = [](void* spec) { run(*static_cast<W*>(spec)); },
          .has_threads = has_threads};
}

}  // namespace flynn::bench

extern "C" {
[[gnu::visibility("default")]] extern const flynn::bench::Peer flynn_peer;
}

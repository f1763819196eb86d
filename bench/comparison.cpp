#include <bench/comparison.hpp>

namespace flynn::bench {
namespace {

bool is_parallel(const Figure& f) {
  return f.report.kind == FlynnClass::mimd_threads || f.report.kind == FlynnClass::mimd_processes;
}

/// The fastest right row on at most so many threads. On one thread none of a backend that has more, even if this once
/// it took one.
const Figure* best(const std::vector<Figure>& group, bool is_peer, unsigned threads) {
  const Figure* found = nullptr;
  for (const Figure& f : group) {
    const bool counts = f.is_peer == is_peer && !f.error && !f.is_wrong() && !f.samples.empty() &&
                        f.report.kind != FlynnClass::simt && f.report.threads <= threads &&
                        !(threads == 1 && is_parallel(f));
    if (counts && (!found || f.summary.median < found->summary.median)) found = &f;
  }
  return found;
}

Comparison compare_on(const std::vector<Figure>& group, unsigned threads, std::uint64_t seed) {
  const Figure& any = group.front();
  Comparison c{.spec = any.spec, .params = any.params, .n = any.n, .threads = threads, .rate_unit = any.rate_unit()};
  const Figure *own = best(group, false, threads), *peer = best(group, true, threads);
  if (own) {
    c.backend = own->report.used;
    c.backend_threads = own->report.threads;
    c.rate = own->rate();
    c.ceiling_fraction = own->ceiling_fraction();
  }
  if (peer) {
    c.peer = peer->report.used;
    c.peer_threads = peer->report.threads;
    c.peer_rate = peer->rate();
  }
  // A rate is the inverse of a time.
  if (own && peer) c.ratio = ratio_of_medians(peer->samples, own->samples, seed);
  return c;
}

}  // namespace

std::vector<Comparison> compare(const std::vector<Figure>& group, unsigned threads, std::uint64_t seed) {
  if (group.empty()) return {};
  std::vector<Comparison> all = {compare_on(group, 1, seed)};
  if (threads > 1) all.push_back(compare_on(group, threads, seed));
  return all;
}

}  // namespace flynn::bench

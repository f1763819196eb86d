#pragma once
#include <vector>

#include <flynn/workloads/scan.hpp>
#include <flynn/workloads/sum.hpp>
#include <host/cut/run_parts.hpp>

namespace flynn {

/// Sums of segments, then their scans from the offsets that follow, by windows of segments that stay in the caches in
/// between. A thread that scans its segments of a window asks memory for those of the next one, and then sums them up:
/// memory is read once, and while it is written.
template <class T, class Team>
Status run_parts(const Scan<T>& w, Team& team) {
  constexpr std::size_t segment = scan_segment;
  // Half of an L2 cache of 1 MiB for each thread. The result does not depend on it: a segment's offset is init and the
  // tree over all segments before it, whichever window they were in.
  const std::size_t window = team.threads() * ((std::size_t{512} << 10) / (segment * sizeof(T)));
  const std::size_t n = w.x.size(), segments = n / segment + (n % segment != 0);
  // The sums and two jobs cost a thread as much as 3/4 of a scan of its own segments, if those are few: then the whole
  // is done as fast by one. A team of one may cut because there is no memory for the whole.
  const std::size_t each = segments / team.threads(), more = segments % team.threads();
  const std::size_t largest = std::max((each + (more > 1)) * segment, n - (segments - each - (more > 0)) * segment);
  if (team.threads() > 1 && 4 * n <= 7 * largest) return team.run(1, [w](std::size_t) { return w; });
  auto range_of = [n](std::size_t i) { return Range{std::min(n, i * segment), std::min(n, (i + 1) * segment)}; };

  using S = typename Sum<T>::Partial;
  TreeCounter<S> before;
  const auto sums = team.template slots<S>(std::min(window, segments));
  std::vector<T> offsets(sums.size());
  auto sums_from = [&](std::size_t first) {
    return [x = w.x, sums, range_of, first](std::size_t i) {
      return Sum<T>{x.part(range_of(first + i)), Out<S>(&sums[i], 1)};
    };
  };
  if (segments > 1)  // what one segment sums up to is offset to nothing
    if (Status s = team.run(sums.size(), sums_from(0)); !s.ok()) return s;
  for (std::size_t first = 0, next; first < segments; first = next) {
    next = first + window;
    const std::size_t count = std::min(window, segments - first);
    for (std::size_t i = 0; i < count; ++i) {
      offsets[i] = wrapping_add(w.init, T(before.result()));
      before.push(sums[i]);
    }
    auto scan = [w, range_of, first, at = offsets.data()](std::size_t i) { return w.part(range_of(first + i), at[i]); };
    const bool goes_on = next < segments;
    team.read_ahead(goes_on ? window * segment * sizeof(T) : 0);
    const Status s = goes_on ? team.run(count, scan, sums_from(next)) : team.run(count, scan);
    if (!s.ok()) return s;
  }
  return {};
}

}  // namespace flynn

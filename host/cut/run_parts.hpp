#pragma once
#include <host/cut/cut.hpp>
#include <host/cut/team.hpp>

namespace flynn {

/// Runs a workload in parts over a team, and merges what they reduced to. A workload in phases has an overload of its
/// own in host/plans.
template <Spec W, class Team>
Status run_parts(const W& w, Team& team) {
  const auto cut = w.cut();
  const std::size_t parts = part_count(cut);
  if constexpr (Reduces<W>) {
    const auto slots = team.template slots<typename W::Partial>(parts);
    const Status status =
        team.run(parts, [w, cut, slots](std::size_t i) { return w.part(part_range(cut[0], i), &slots[i]); });
    if (status.ok()) w.result[0] = W::merge(slots.data(), parts);
    return status;
  } else {
    static_assert(Maps<W>);
    return team.run(parts, [w, cut](std::size_t i) { return w.part(part_box(cut, i)); });
  }
}

}  // namespace flynn

#pragma once
#include <vector>

#include <flynn/spec.hpp>
#include <host/cut/run_parts.hpp>
#include <host/pools/placement.hpp>

namespace flynn {

/// From here on it pays to ask where pages are: the question costs 0.06 us a part, and a part of a call of this many
/// bytes takes 10 us or more.
inline constexpr double worth_asking_bytes = 64 << 20;

/// The node of each part of a workload, by the first page of its first view: the other views are cut alike.
template <Spec W>
std::vector<int> homes_of_parts(const W& w) {
  const auto cut = w.cut();
  std::vector<const void*> first(part_count(cut));
  for (std::size_t i = 0; i < first.size(); ++i) {
    W part = [&] {
      if constexpr (Reduces<W>)
        return w.part(part_range(cut[0], i), nullptr);
      else
        return w.part(part_box(cut, i));
    }();
    part.each_buffer([&](const auto& view) {
      if (!first[i]) first[i] = view.data;
    });
  }
  return nodes_of_pages(first);
}

/// run_parts; on a pool that spans nodes, the parts of a large call go to the threads of the node that has their pages.
/// A workload with a plan cuts itself in its own way, and its parts stay where they are.
template <Spec W, class Leaf = HostLeaf>
Status run_at_home(const W& w, ThreadPool& pool, Execution& execution, Leaf leaf = {}) {
  ThreadTeam team(pool, execution, leaf);
  if constexpr (Maps<W> || Reduces<W>)
    if (pool.spans_nodes() && w.cost().bytes >= worth_asking_bytes) {
      const std::vector<int> nodes = homes_of_parts(w);
      const PartHomes homes(nodes);
      return run_parts(w, team);
    }
  return run_parts(w, team);
}

}  // namespace flynn

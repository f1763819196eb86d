#pragma once
#include <atomic>
#include <utility>
#include <vector>

#include <flynn/execution.hpp>
#include <host/cut/cut.hpp>
#include <host/pools/thread_pool.hpp>

namespace flynn {

/// Collects the statuses of parts: the first failure counts, and the others need not begin.
class PartStatus {
 public:
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  void report(Status status, const Text& text) {
    if (status.ok() || failed_.exchange(true, std::memory_order_relaxed)) return;
    status_ = status;
    text_ = text;
  }
  /// After all parts are done.
  Status result(Text& text) const {
    if (!status_.ok()) text = text_;
    return status_;
  }

 private:
  std::atomic<bool> failed_{false};
  Status status_;
  Text text_;
};

/// Calls part(i, execution) for every i in [0, parts) over a pool. The first failure counts, and the others need not
/// begin. `execution.threads` becomes how many threads took part.
template <class Part>
Status for_each_part(std::size_t parts, ThreadPool& pool, Execution& execution, const Part& part) {
  PartStatus collected;
  execution.threads = pool.run(parts, execution.threads, [&](std::size_t i) noexcept {
    if (collected.failed()) return;
    Text text;
    Execution mine = execution;
    mine.threads = 1;
    mine.text = &text;
    Status status = poll(mine);
    if (status.ok()) status = part(i, mine);
    collected.report(status, text);
  });
  return collected.result(*execution.text);
}

/// Runs a workload in parts over a pool: leaf(part, execution) for each, then merges what they reduced to. A workload
/// in phases has an overload of its own in host/plans.
template <Spec W, class Leaf>
Status run_parts(const W& w, Leaf leaf, ThreadPool& pool, Execution& execution) {
  const auto cut = w.cut();
  const std::size_t parts = part_count(cut);
  if constexpr (Reduces<W>) {
    std::vector<typename W::Partial> slots(parts);
    const Status status = for_each_part(parts, pool, execution, [&](std::size_t i, Execution& mine) {
      return leaf(w.part(part_range(cut[0], i), &slots[i]), mine);
    });
    if (status.ok()) w.result[0] = W::merge(slots.data(), parts);
    return status;
  } else {
    static_assert(Maps<W>);
    return for_each_part(parts, pool, execution,
                         [&](std::size_t i, Execution& mine) { return leaf(w.part(part_box(cut, i)), mine); });
  }
}

}  // namespace flynn

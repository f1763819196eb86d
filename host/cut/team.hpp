#pragma once
// Who works on the parts of a workload. A plan asks a team for
//   slots<T>(n)          memory for n results, which everybody in it sees
//   run(parts, make)     runs the spec that make(i) gives, for every i in [0, parts), on the kernels of the host; the
//                        first failure counts, and the others need not begin
//   threads()            how many there are at most
// There are ThreadTeam and ProcessTeam, each for one call.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include <flynn/buffer.hpp>
#include <flynn/execution.hpp>
#include <host/cut/leaf.hpp>
#include <host/pools/thread_pool.hpp>

namespace flynn {

/// Collects the statuses of parts.
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

template <class Leaf = HostLeaf>
class ThreadTeam {
 public:
  ThreadTeam(ThreadPool& pool, Execution& execution, Leaf leaf = {})
      : pool_(pool), execution_(execution), leaf_(leaf) {}
  /// `execution.threads` becomes how many took part.
  ~ThreadTeam() { execution_.threads = took_part_; }
  ThreadTeam(const ThreadTeam&) = delete;

  unsigned threads() const { return execution_.threads; }

  template <class T>
  std::span<T> slots(std::size_t n) {
    return slots_.emplace_back(make_buffer<T>(n)).template as<T>().first(n);
  }

  template <class Make>
  Status run(std::size_t parts, const Make& make) {
    PartStatus collected;
    const unsigned took_part = pool_.run(parts, execution_.threads, [&](std::size_t i) noexcept {
      if (collected.failed()) return;
      Text text;
      Execution mine = execution_;
      mine.threads = 1;
      mine.text = &text;
      Status status = poll(mine);
      if (status.ok()) status = leaf_(make(i), mine);
      collected.report(status, text);
    });
    took_part_ = std::max(took_part_, took_part);
    return collected.result(*execution_.text);
  }

 private:
  ThreadPool& pool_;
  Execution& execution_;
  Leaf leaf_;
  std::vector<Buffer> slots_;
  unsigned took_part_ = 1;
};

}  // namespace flynn

#pragma once
// Who works on the parts of a workload. A plan asks a team for
//   slots<T>(n)          memory for n results, which everybody in it sees
//   run(parts, make...)  runs the specs that make(i)... give, one after the other, for every i in [0, parts), on the
//                        kernels of the host; the first failure counts, and the others need not begin
//   read_ahead(bytes)    from now on whoever runs part i most likely goes on so far behind it
//   threads()            how many there are at most
// There are ThreadTeam and ProcessTeam, each for one call.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <new>
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
    static_assert(std::is_trivially_destructible_v<T>);
    if (n > (sizeof few_ - few_used_) / sizeof(T))
      return slots_.emplace_back(make_buffer<T>(n)).template as<T>().first(n);
    T* const begin = new (few_ + few_used_) T[n];
    few_used_ += (n * sizeof(T) + 63) / 64 * 64;
    return {begin, n};
  }

  void read_ahead(std::size_t bytes) { execution_.read_ahead = bytes; }

  template <class... Make>
  Status run(std::size_t parts, const Make&... make) {
    PartStatus collected;
    Execution alone = execution_;
    alone.threads = 1;
    // All that the parts read in one place: what a worker finds by one pointer after the other comes one after the
    // other.
    const auto body = [&collected, alone, leaf = leaf_, ... make = make](std::size_t i) noexcept {
      if (collected.failed()) return;
      Text text;
      Execution mine = alone;
      mine.text = &text;
      Status status = poll(mine);
      (void)((status.ok() && (status = leaf(make(i), mine)).ok()) && ...);
      collected.report(status, text);
    };
    const unsigned took_part = pool_.run(parts, execution_.threads, body);
    took_part_ = std::max(took_part_, took_part);
    return collected.result(*execution_.text);
  }

 private:
  ThreadPool& pool_;
  Execution& execution_;
  Leaf leaf_;
  std::vector<Buffer> slots_;
  alignas(64) std::byte few_[1024];  ///< for slots that need no allocation
  std::size_t few_used_ = 0;
  unsigned took_part_ = 1;
};

}  // namespace flynn

#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include <host/detect/budget.hpp>
#include <host/detect/nodes.hpp>
#include <host/pools/placement.hpp>

namespace flynn {
namespace {

std::size_t page_bytes() {
  static const std::size_t bytes = std::size_t(sysconf(_SC_PAGESIZE));
  return bytes;
}

/// A set of nodes as the kernel reads it.
class NodeMask {
 public:
  void add(int node) {
    const std::size_t word = std::size_t(node) / bits;
    if (word >= words_.size()) words_.resize(word + 1);
    words_[word] |= 1ul << (std::size_t(node) % bits);
  }
  bool bind(void* data, std::size_t bytes, int mode) const {
    // The kernel takes one bit less than it is told to.
    return syscall(SYS_mbind, data, bytes, mode, words_.data(), words_.size() * bits + 1, 0) == 0;
  }

 private:
  static constexpr std::size_t bits = 8 * sizeof(unsigned long);
  std::vector<unsigned long> words_;
};

bool has_memory(int id) {
  const auto node = std::ranges::find(detect::nodes(), id, &detect::Node::id);
  return node != detect::nodes().end() && node->has_memory;
}

bool interleave(void* data, std::size_t bytes, const std::vector<int>& nodes) {
  NodeMask mask;
  std::size_t count = 0;
  for (int node : nodes)
    if (has_memory(node)) mask.add(node), ++count;
  return count < 2 || mask.bind(data, bytes, MPOL_INTERLEAVE);
}

/// Preferred, not bound: a full node hands over to the next one instead of ending the process.
bool by_part(char* data, std::size_t bytes, std::span<const Seat> seats) {
  bool done = true;
  for (const PageRange& range : ranges_by_part(bytes, page_bytes(), seats)) {
    if (!has_memory(range.node)) continue;  // the system takes the nearest one
    NodeMask mask;
    mask.add(range.node);
    done &= mask.bind(data + range.begin, range.end - range.begin, MPOL_PREFERRED);
  }
  return done;
}

}  // namespace

std::vector<PageRange> ranges_by_part(std::size_t bytes, std::size_t page, std::span<const Seat> seats) {
  std::vector<PageRange> ranges;
  const std::size_t pages = (bytes + page - 1) / page;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    const std::size_t begin = pages * i / seats.size() * page, end = pages * (i + 1) / seats.size() * page;
    if (!ranges.empty() && ranges.back().node == seats[i].node)
      ranges.back().end = end;
    else if (end > begin)
      ranges.push_back({begin, end, seats[i].node});
  }
  return ranges;
}

bool place(void* data, std::size_t bytes, Placement placement) {
  if (placement == Placement::local || detect::nodes().empty()) return true;
  const std::vector<int> cpus = detect::allowed_cpus(), nodes = nodes_of(cpus);
  if (nodes.empty()) return true;
  if (placement == Placement::interleave) return interleave(data, bytes, nodes);
  return by_part(static_cast<char*>(data), bytes, choose_seats(detect::budget(), cpus, nodes, sched_getcpu()));
}

std::vector<int> nodes_of_pages(std::span<const void* const> addresses) {
  std::vector<void*> pages;
  for (const void* address : addresses)
    pages.push_back(reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(address) / page_bytes() * page_bytes()));
  std::vector<int> nodes(pages.size(), -1);
  if (syscall(SYS_move_pages, 0, pages.size(), pages.data(), nullptr, nodes.data(), 0) != 0)
    std::ranges::fill(nodes, -1);
  return nodes;
}

}  // namespace flynn
